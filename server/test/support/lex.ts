import { createServer, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'

/** A call as it arrived: of RecognizeText or PutSession. */
interface LexCall {
  readonly operation: 'RecognizeText' | 'PutSession'
  readonly botId: string
  readonly botAliasId: string
  readonly localeId: string
  readonly sessionId: string
  readonly body: {
    readonly text?: string
    readonly sessionState?: { readonly intent?: { readonly name: string }; readonly dialogAction?: { readonly type: string } }
    readonly requestAttributes?: Readonly<Record<string, string>>
  }
}

export interface LexSays {
  readonly messages?: readonly unknown[]
  readonly sessionState?: unknown
  readonly sessionId?: string
}

/** The outcome of a call: an answer, a status, or a function that writes the response itself. */
type Fate = LexSays | number | ((response: ServerResponse) => void)

/** The wire of Lex V2's runtime, as far as bots of channels use it. */
export interface LexDouble {
  readonly url: string
  readonly calls: readonly LexCall[]
  /** Decides the outcome of each call, by its number from 0. */
  answer: (call: LexCall, number: number) => Fate | Promise<Fate>
  close(): Promise<void>
}

const path =
  /^\/bots\/(?<botId>\w+)\/botAliases\/(?<botAliasId>\w+)\/botLocales\/(?<localeId>\w+)\/sessions\/(?<sessionId>[\w.:-]+)(?<isText>\/text)?$/
const errors: Readonly<Record<number, string>> = {
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  429: 'ThrottlingException',
}
const packed = (value: unknown) => gzipSync(JSON.stringify(value)).toString('base64')

export const plain = (...contents: readonly string[]): LexSays => ({
  messages: contents.map(content => ({ content, contentType: 'PlainText' })),
})

export async function startLex(port = 0): Promise<LexDouble> {
  const calls: LexCall[] = []
  const server = createServer((request, response) => {
    void (async () => {
      const found = path.exec(request.url!)?.groups
      const body = JSON.parse((await text(request)) || '{}') as LexCall['body']
      if (request.method !== 'POST' || !found) return response.writeHead(404).end()
      const { botId, botAliasId, localeId, sessionId, isText } = found as Record<string, string>
      const operation = isText === undefined ? 'PutSession' : 'RecognizeText'
      const call = { operation, botId: botId!, botAliasId: botAliasId!, localeId: localeId!, sessionId: sessionId!, body } as const
      const fate = await double.answer(call, calls.push(call) - 1)
      if (typeof fate === 'function') return fate(response)
      if (typeof fate === 'number')
        return response
          .writeHead(fate, { 'content-type': 'application/json', 'x-amzn-errortype': errors[fate] ?? 'InternalServerException' })
          .end('{"message":"not now"}')
      if (operation === 'RecognizeText')
        return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ sessionId, ...fate }))
      return response
        .writeHead(200, {
          'content-type': 'text/plain; charset=utf-8',
          'x-amz-lex-messages': packed(fate.messages ?? []),
          'x-amz-lex-session-state': packed(fate.sessionState ?? {}),
          'x-amz-lex-session-id': sessionId!,
        })
        .end()
      // A server that ends may cut its request off.
    })().catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  const double: LexDouble = {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    calls,
    answer: () => plain('hello'),
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return double
}
