import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import type { ChannelFlowCallbackCommandInput, ChimeSDKMessaging, Processor } from '@aws-sdk/client-chime-sdk-messaging'
import { patience } from './patience.ts'

/** The event that a processor receives. */
export interface FlowEvent {
  readonly EventType: string
  readonly CallbackId: string
  readonly ChannelMessage: {
    readonly MessageId: string
    readonly ChannelArn: string
    readonly Content: string
    readonly [member: string]: unknown
  }
  readonly Carillon?: Readonly<Record<string, unknown>>
}

interface Invocation {
  readonly event: FlowEvent
  readonly invocationType: string | undefined
  readonly authorization: string | undefined
  readonly url: string
}

/** Receives an event as a function behind the Lambda API does: the status is that of the API; 202 is answered before the function runs. */
type FunctionCode = (event: FlowEvent) => Promise<unknown>

/** A Lambda-compatible endpoint. */
export interface Lambda {
  readonly url: string
  /** A function of a new name, by its ARN: it runs once the invocation has been answered. */
  readonly define: (code?: FunctionCode) => LambdaFunction
  close(): Promise<void>
}

export interface LambdaFunction {
  readonly arn: string
  /** The events of all invocations, refused ones included. */
  readonly invocations: Invocation[]
  /** The status that the API answers; 202 unless changed. */
  status: number
  /** How long the API takes to answer. */
  delay: number
  /** Runs before the API answers. */
  whileAnswering: () => Promise<void>
  /** Writes data without end after the head of the answer, as long as the client reads. */
  flood: ((response: ServerResponse) => Promise<void>) | undefined
  /** Resolves to the event of the invocation of that number, from 0. */
  readonly event: (index?: number) => Promise<FlowEvent>
}

/** Resolves once the condition holds, and rejects after `limit` milliseconds. */
export async function until<Result>(look: () => Result | Promise<Result>, limit = patience): Promise<NonNullable<Result>> {
  const start = Date.now()
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() - start > limit) throw new Error(`not so within ${limit} ms: ${look.toString()}`)
    await setTimeout(20)
  }
}

const nameOf = ({ url }: IncomingMessage) => /^\/2015-03-31\/functions\/([^/]+)\/(?:invocations|configuration)/.exec(url!)?.[1] ?? ''

export async function startLambda(port = 0): Promise<Lambda> {
  const functions = new Map<string, LambdaFunction & { code: FunctionCode }>()
  const server = createServer((request, response) => {
    void (async () => {
      const called = functions.get(nameOf(request))
      if (request.method === 'GET' && called) return response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      if (!called) return response.writeHead(404, { 'x-amzn-errortype': 'ResourceNotFoundException' }).end('{"Message":"no such function"}')
      const event = JSON.parse(await text(request)) as FlowEvent
      const { headers } = request
      const invocationType = headers['x-amz-invocation-type'] as string | undefined
      called.invocations.push({ event, invocationType, authorization: headers.authorization, url: request.url! })
      await setTimeout(called.delay)
      await called.whileAnswering()
      response.writeHead(called.status, { 'content-type': 'application/json' })
      if (called.flood) void called.flood(response)
      else response.end(called.status === 202 ? '' : '{"Message":"not now"}')
      // A function that throws is Lambda's own affair: the caller of the API does not learn it.
      if (called.status === 202) await called.code(event).catch(() => {})
      return undefined
      // A server that ends may cut its request off.
    })().catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return {
    url,
    define(code = async () => {}) {
      const name = `function-${functions.size}`
      const defined = {
        arn: `arn:aws:lambda:us-east-1:123456789012:function:${name}`,
        invocations: [] as Invocation[],
        status: 202,
        delay: 0,
        whileAnswering: async () => {},
        flood: undefined,
        code,
        event: async (index = 0) => (await until(() => defined.invocations[index])).event,
      }
      functions.set(name, defined)
      return defined
    },
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** A processor of a flow. */
export const processor = (ResourceArn: string, extra: Partial<Processor> = {}): Processor => ({
  Name: 'processor',
  Configuration: { Lambda: { ResourceArn, InvocationType: 'ASYNC' } },
  ExecutionOrder: 1,
  FallbackAction: 'ABORT',
  ...extra,
})

/** Gives a channel a flow with that one processor; resolves to the ARN of the flow. */
export async function giveFlow(
  messaging: ChimeSDKMessaging,
  { ChannelArn, ChimeBearer }: { ChannelArn: string; ChimeBearer: string },
  ResourceArn: string,
): Promise<string> {
  const AppInstanceArn = ChannelArn.slice(0, ChannelArn.indexOf('/channel/'))
  const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn, Name: 'flow', Processors: [processor(ResourceArn)] })
  await messaging.associateChannelFlow({ ChannelArn, ChannelFlowArn, ChimeBearer })
  return ChannelFlowArn!
}

/** Calls back as a processor does, with the stock SDK; members that are not given are not sent. */
export const callBack = async (
  messaging: ChimeSDKMessaging,
  { CallbackId, ChannelMessage: { MessageId, ChannelArn } }: FlowEvent,
  given: Partial<ChannelFlowCallbackCommandInput['ChannelMessage']> = {},
  extra: Partial<ChannelFlowCallbackCommandInput> = {},
) => messaging.channelFlowCallback({ CallbackId, ChannelArn, ChannelMessage: { MessageId, ...given }, ...extra })
