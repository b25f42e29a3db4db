import { signal } from '@preact/signals'
import { AwsV4Signer } from 'aws4fetch'
import { routes } from 'carillon:routes'
import { requestOf } from '../../src/client/request.ts'
import type { ClientOutput, Input, OperationName } from '../../src/contract/index.ts'

/** Temporary credentials, or an access key that the operator has typed in. They are in memory only, until the page is closed. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export const credentials = signal<Credentials | undefined>(undefined)
/** Why the operator has to sign in again. */
export const signedOut = signal((history.state as { signedOut?: string } | null)?.signedOut ?? '')
history.replaceState(null, '')

/** Whether a proxy says that the server does not answer. The server itself names each of its errors. */
const isOfProxy = ({ status, headers }: Response) => status >= 502 && status <= 504 && !headers.has('x-amzn-errortype')

export const pause = (milliseconds: number) => new Promise<void>(resolve => setTimeout(resolve, milliseconds))

/** Whether the last request has got no answer. Until there is one, a file of the page is asked for again and again. */
export const isAway = signal(false)
const waiting = new Set<() => unknown>()

/** Runs a function once the server answers again: once, however often the function is given. */
export const whenBack = (act: () => unknown) => void waiting.add(act)

const isBack = () =>
  fetch('/console/assets/icon.svg', { cache: 'no-store', credentials: 'omit', signal: AbortSignal.timeout(2000) }).then(
    response => !isOfProxy(response),
    () => false,
  )

async function lookForServer() {
  if (isAway.value) return
  isAway.value = true
  do await pause(2000)
  while (!(await isBack()))
  isAway.value = false
  const acts = [...waiting]
  waiting.clear()
  for (const act of acts) act()
}

/** Ends the session. The page is loaded again, so that nothing of the session stays in its memory. */
export function signOut(why: string) {
  credentials.value = undefined
  history.replaceState({ signedOut: why }, '')
  location.reload()
}

/** The error of a call. */
class Refusal extends Error {
  override readonly name: string
  readonly status: number
  readonly reason: string | undefined

  constructor(name: string, status: number, message: string, reason?: string) {
    super(message)
    this.name = name
    this.status = status
    this.reason = reason
  }
}

const region = 'us-east-1'
/** After this many milliseconds without an answer there is none. */
const patience = 30_000
/** The derived signing keys of the day. */
const signingKeys = new Map<string, ArrayBuffer>()

const inAnswer = (key: string, value: unknown): unknown =>
  key.endsWith('Timestamp') && typeof value === 'number' ? new Date(Math.round(value * 1000)) : value

export async function call<Name extends OperationName>(name: Name, input: Input<Name>): Promise<ClientOutput<Name>> {
  const key = credentials.value
  if (!key) throw new Refusal('SignedOut', 401, 'You are signed out')
  const { method, path, query, headers, body } = requestOf(routes[name]![1], input)
  const url = new URL(path, location.origin)
  // Set one by one, since aws4fetch signs the values as they are sent.
  for (const [parameter, value] of Object.entries(query)) url.searchParams.set(parameter, value)
  url.search = url.search.replaceAll('+', '%20')
  const signer = new AwsV4Signer({
    method,
    url: url.href,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body }),
    ...key,
    service: 'chime',
    region,
    cache: signingKeys,
  })
  const signed = await signer.sign()
  const answer = await fetch(signed.url, {
    method,
    headers: signed.headers,
    ...(body !== undefined && { body }),
    credentials: 'omit',
    signal: AbortSignal.timeout(patience),
  })
    .then(async response => ({ response, text: await response.text() }))
    .catch(() => undefined)
  if (!answer || isOfProxy(answer.response)) {
    void lookForServer()
    throw new Refusal('Unreachable', 0, 'The server does not answer', 'It may be restarting, or the network is down.')
  }
  const { response, text } = answer
  if (!response.ok) throw refusalOf(response, text)
  return (text === '' ? {} : JSON.parse(text, inAnswer)) as ClientOutput<Name>
}

function refusalOf(response: Response, text: string): Refusal {
  let content: { Message?: string; Reason?: string } = {}
  try {
    content = JSON.parse(text) as typeof content
  } catch {
    // The answer is from a proxy.
  }
  const name = response.headers.get('x-amzn-errortype')?.split(':')[0] ?? `HTTP ${response.status}`
  const refusal = new Refusal(name, response.status, content.Message ?? `The server answers with status ${response.status}`, content.Reason)
  if (name === 'ExpiredTokenException') signOut('Your credentials have ended.')
  else if (name === 'UnrecognizedClientException' || name === 'InvalidSignatureException') signOut(messageOf(refusal))
  return refusal
}

export const isMissing = (error: unknown) => error instanceof Refusal && error.name === 'NotFoundException'

/** Whether there was no answer at all. */
export const isUnanswered = (error: unknown) => error instanceof Refusal && error.status === 0

/** Whether calls of this kind come too often. */
export const isThrottled = (error: unknown) => error instanceof Refusal && error.status === 429

export const messageOf = (error: unknown) =>
  error instanceof Refusal ? [error.message.replace(/[.:]?$/, '.'), error.reason].filter(Boolean).join(' ') : String(error)

/** A frame of a session. */
export interface SessionEvent {
  readonly type: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** Opens a session of that user. Returns a function that ends it. */
export function connect(userArn: string, hear: (event: SessionEvent) => void, state: (text: string) => void): () => void {
  let socket: WebSocket | undefined
  let isOver = false
  let pause = 500
  const sessionId = crypto.randomUUID()

  async function open() {
    const key = credentials.value
    if (isOver || !key) return
    const url = new URL('/connect', location.origin)
    for (const [name, value] of Object.entries({ sessionId, userArn, 'X-Amz-Expires': '60' })) url.searchParams.set(name, value)
    const signed = await new AwsV4Signer({
      method: 'GET',
      url: url.href,
      signQuery: true,
      ...key,
      service: 'chime',
      region,
      cache: signingKeys,
    }).sign()
    if (isOver) return
    signed.url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
    socket = new WebSocket(signed.url)
    socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
      const frame = JSON.parse(data) as { Headers: Record<string, string>; Payload?: string }
      const type = frame.Headers['x-amz-chime-event-type'] ?? ''
      if (type === 'SESSION_ESTABLISHED') {
        pause = 500
        state('live')
      }
      hear({ type, payload: frame.Payload === undefined ? {} : (JSON.parse(frame.Payload) as Record<string, unknown>) })
    })
    socket.addEventListener('close', ({ reason, code }) => {
      if (isOver) return
      state(`Connecting again: ${reason === '' ? `the socket was closed with ${code}` : reason}`)
      pause = Math.min(pause * 2, 15_000)
      setTimeout(() => void open(), pause)
    })
  }

  state('Connecting')
  void open()
  return () => {
    isOver = true
    socket?.close(1000)
  }
}
