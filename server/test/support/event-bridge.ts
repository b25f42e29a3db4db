import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

interface PutEntry {
  readonly Source: string
  readonly DetailType: string
  readonly Detail: string
  readonly Resources: readonly string[]
  readonly Time: number
}

/** The wire of EventBridge: PutEvents in JSON 1.1. */
export interface EventBridgeDouble {
  readonly url: string
  /** The events that it has accepted, with the details parsed. */
  readonly events: readonly (Omit<PutEntry, 'Detail'> & { readonly detail: Readonly<Record<string, unknown>> })[]
  /** Decides the outcome of each call, by its number from 0. */
  fate: (call: number) => 'taken' | 'failed entry' | 'throttled' | 'cut'
  close(): Promise<void>
}

export async function startEventBridge(): Promise<EventBridgeDouble> {
  const events: EventBridgeDouble['events'][number][] = []
  let calls = 0
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request)
      const answer = (status: number, content: unknown) =>
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(content))
      if (request.headers['x-amz-target'] !== 'AWSEvents.PutEvents') return answer(400, { __type: 'UnknownOperationException' })
      const fate = double.fate(calls++)
      if (fate === 'cut') return response.destroy()
      if (fate === 'throttled') return answer(400, { __type: 'ThrottlingException', message: 'Rate exceeded' })
      if (fate === 'failed entry')
        return answer(200, { FailedEntryCount: 1, Entries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'not now' }] })
      const { Entries } = JSON.parse(body) as { Entries: readonly PutEntry[] }
      events.push(...Entries.map(({ Detail, ...entry }) => ({ ...entry, detail: JSON.parse(Detail) as Record<string, unknown> })))
      return answer(200, { FailedEntryCount: 0, Entries: Entries.map((_, index) => ({ EventId: `id-${events.length}-${index}` })) })
      // A server that ends may cut its request off.
    })().catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const double: EventBridgeDouble = {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    events,
    fate: () => 'taken',
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return double
}
