import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import {
  DefaultMessagingSession,
  DefaultSigV4,
  LogLevel,
  MessagingSessionConfiguration,
  PrefetchOn,
  type Logger,
} from 'amazon-chime-sdk-js'

export interface AskedSession {
  readonly name: string
  readonly endpoint: string
  readonly userArn: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly sessionId?: string
  /** How long after `messagingSessionDidStop` the application calls `start()` again; undefined if it does not. */
  readonly startAgainAfter?: number
  /** For how long the client tries to reconnect, where the ten seconds of its own are not what is tested. */
  readonly reconnectMilliseconds?: number
  /** The host to connect to, where the client does not look it up: the one way to reach the WebSocket with a wrong secret. */
  readonly host?: string
  /** The events that it requests beside Amazon's. */
  readonly events?: readonly string[]
}

/** Requests the events that Amazon does not have, as docs/beyond-amazon.md says. */
class AskingSigV4 extends DefaultSigV4 {
  readonly #events: readonly string[]

  constructor(client: ChimeSDKMessaging, events: readonly string[]) {
    super(client)
    this.#events = events
  }

  override async signURL(...[method, scheme, service, host, path, payload, query]: Parameters<DefaultSigV4['signURL']>) {
    const asked = new Map([...(query ?? []), ['carillon-events', [this.#events.join(',')]]] as const)
    return super.signURL(method, scheme, service, host, path, payload, asked)
  }
}

/** The client reports only to its log which code it was closed with. */
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

/** Starts a session as an application does, and reports each event as a line: its name, the session, and more about it. */
export function start(asked: AskedSession, line: (text: string) => void) {
  const {
    name,
    endpoint,
    userArn,
    credentials,
    sessionId = crypto.randomUUID(),
    host,
    startAgainAfter,
    reconnectMilliseconds,
    events,
  } = asked
  const say = (what: string, more: unknown = '') => line(`${name} ${what} ${String(more)}`)
  const client = new ChimeSDKMessaging({ endpoint, region: 'us-east-1', credentials })
  const configuration = new MessagingSessionConfiguration(userArn, sessionId, host, client)
  configuration.prefetchOn = PrefetchOn.Connect
  if (reconnectMilliseconds !== undefined) configuration.reconnectTimeoutMs = reconnectMilliseconds
  const session = new DefaultMessagingSession(
    configuration,
    logger(code => say('closed', code)),
    undefined,
    undefined,
    events && new AskingSigV4(client, events),
  )
  session.addObserver({
    messagingSessionDidStartConnecting: () => say('connecting'),
    messagingSessionDidStart: () => say('started'),
    messagingSessionDidStop: ({ code }) => {
      say('stopped', code)
      if (startAgainAfter !== undefined) setTimeout(begin, startAgainAfter)
    },
    messagingSessionDidReceiveMessage: ({ type, payload }) => say(type, payload),
  })
  const begin = () =>
    void session.start().then(
      () => say('resolved'),
      ({ code, reason }) => say('rejected', `${code} ${reason}`),
    )
  begin()
}
