/**
 * Sessions of the stock amazon-chime-sdk-js, started as an application in Node starts them; a program of its own, because Node
 * reads NODE_EXTRA_CA_CERTS only when it starts. Its one argument is a JSON array of what is asked for. What a session is told
 * is printed, one line each: its name, what it was, and more about it.
 */
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { DefaultMessagingSession, LogLevel, MessagingSessionConfiguration, PrefetchOn, type Logger } from 'amazon-chime-sdk-js'

export interface AskedSession {
  readonly name: string
  readonly endpoint: string
  readonly userArn: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly sessionId?: string
  /** The host to connect to where it is not looked up: the one way to reach the WebSocket with a wrong secret. */
  readonly host?: string
}

/** The client tells only its log which code it was closed with. */
const logger = (closed: (code: string) => void): Logger => ({
  debug() {},
  info(text) {
    const [, code] = /^WebSocket close: (\d+)/.exec(text) ?? []
    if (code !== undefined) closed(code)
  },
  warn() {},
  error() {},
  setLogLevel() {},
  getLogLevel: () => LogLevel.INFO,
})

function start({ name, endpoint, userArn, credentials, sessionId = crypto.randomUUID(), host }: AskedSession) {
  const say = (what: string, more: unknown = '') => process.stdout.write(`${name} ${what} ${String(more)}\n`)
  const client = new ChimeSDKMessaging({ endpoint, region: 'us-east-1', credentials })
  const configuration = new MessagingSessionConfiguration(userArn, sessionId, host, client)
  configuration.prefetchOn = PrefetchOn.Connect
  const session = new DefaultMessagingSession(
    configuration,
    logger(code => say('closed', code)),
  )
  session.addObserver({
    messagingSessionDidStartConnecting: () => say('connecting'),
    messagingSessionDidStart: () => say('started'),
    messagingSessionDidStop: ({ code }) => say('stopped', code),
    messagingSessionDidReceiveMessage: ({ type, payload }) => say(type, payload),
  })
  session.start().then(
    () => say('resolved'),
    ({ code, reason }) => say('rejected', `${code} ${reason}`),
  )
}

const asked: AskedSession[] = JSON.parse(process.argv[2] ?? '[]')
asked.forEach(start)
// A session that is refused while it reconnects rejects a promise that nobody has.
process.on('unhandledRejection', reason => {
  const { code, reason: text } = reason as CloseEvent
  process.stdout.write(`unhandled ${code} ${text}\n`)
})
