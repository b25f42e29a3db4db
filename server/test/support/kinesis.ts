import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'

/** A record as a consumer of the stream finds it. */
interface StreamRecord {
  readonly partitionKey: string
  readonly event: { readonly EventType: string; readonly Payload: Readonly<Record<string, unknown>> }
  readonly shard: number
}

interface Entry {
  readonly Data: string
  readonly PartitionKey: string
}

/**
 * The outcome of a call of PutRecords: it is answered, throttled, never answered, or its connection is cut before or after the records are
 * accepted.
 */
type Fate = 'answered' | 'throttled' | 'silent' | 'cut before' | 'cut after'

/** The wire of Kinesis, as a producer sees it; for consumers there is kinesis-local. */
export interface KinesisDouble {
  readonly url: string
  /** A stream that is ACTIVE, by its ARN. */
  readonly define: (name: string, status?: string) => string
  /** The records that the stream has accepted, in the order of each shard. */
  readonly records: (arn: string) => readonly StreamRecord[]
  /** How many records each call of PutRecords had. */
  readonly calls: readonly number[]
  /** Decides the outcome of each call, by its number from 0. */
  fate: (call: number) => Fate
  /** Whether the stream never answers. */
  isAway: (name: string) => boolean
  /** Whether an entry of a call is refused. */
  isFailed: (call: number, index: number) => boolean
  close(): Promise<void>
}

const shards = 4
const shardOf = (key: string) => createHash('md5').update(key).digest()[0]! % shards
const error = (response: ServerResponse, type: string, message: string, status = 400) =>
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify({ __type: type, message }))

interface Options {
  /** Every stream exists. */
  readonly hasAll?: boolean
  /** Receives each record, instead of `records`: for so many that they would fill the memory. */
  readonly take?: (record: StreamRecord) => void
}

export async function startKinesis({ hasAll = false, take }: Options = {}): Promise<KinesisDouble> {
  const streams = new Map<string, { status: string; records: StreamRecord[] }>()
  const calls: number[] = []
  let taken = 0

  const put = (Records: readonly Entry[], stream: { records: StreamRecord[] } | undefined, response: ServerResponse) => {
    const call = calls.push(Records.length) - 1
    const fate = double.fate(call)
    if (fate === 'silent') return undefined
    if (fate === 'cut before') return response.destroy()
    if (fate === 'throttled') return error(response, 'ProvisionedThroughputExceededException', 'Rate exceeded')
    let failed = 0
    const answers = Records.map(({ Data, PartitionKey }, index) => {
      if (double.isFailed(call, index)) {
        failed++
        return { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded for shard' }
      }
      const shard = shardOf(PartitionKey)
      const event = JSON.parse(Buffer.from(Data, 'base64').toString()) as StreamRecord['event']
      const record = { partitionKey: PartitionKey, event, shard }
      if (take) take(record)
      else stream?.records.push(record)
      return { SequenceNumber: String(++taken), ShardId: `shardId-00000000000${shard}` }
    })
    if (fate === 'cut after') return response.destroy()
    return response
      .writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
      .end(JSON.stringify({ FailedRecordCount: failed, Records: answers }))
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const input = (await json(request)) as { StreamName: string; Records?: Entry[] }
    const stream = streams.get(input.StreamName)
    if (double.isAway(input.StreamName)) return response.destroy()
    if (!stream && !hasAll) return error(response, 'ResourceNotFoundException', `Stream ${input.StreamName} under account 0 not found.`)
    if (request.headers['x-amz-target'] === 'Kinesis_20131202.PutRecords') return put(input.Records ?? [], stream, response)
    const StreamDescriptionSummary = { StreamName: input.StreamName, StreamStatus: stream?.status ?? 'ACTIVE', OpenShardCount: shards }
    return response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify({ StreamDescriptionSummary }))
  }

  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const double: KinesisDouble = {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    define(name, status = 'ACTIVE') {
      streams.set(name, { status, records: [] })
      return `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`
    },
    records: arn => streams.get(arn.split('/')[1]!)!.records,
    calls,
    fate: () => 'answered',
    isAway: () => false,
    isFailed: () => false,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return double
}
