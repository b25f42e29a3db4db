import { operations, type OperationName, type Output } from '../../src/contract/index.ts'
import { ApiError } from '../../src/errors.ts'
import { codecOf, type Codec, type RequestParts } from '../../src/http/codec.ts'

export const instance = 'arn:aws:chime:us-east-1:000000000000:app-instance/one'
export const channel = `${instance}/channel/c`
export const alice = `${instance}/user/alice`

const codecs = new Map<OperationName, Codec>()

function codecFor(name: OperationName): Codec {
  const codec = codecs.get(name) ?? codecOf(operations[name])
  codecs.set(name, codec)
  return codec
}

type Request = Partial<Omit<RequestParts, 'body'>> & { body?: Uint8Array | string | object }

/** What a codec decodes from a request; a body that is not a string is sent as JSON. */
export function decode(name: OperationName, { params = {}, query = '', bearer = alice, body = '' }: Request) {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return codecFor(name).decode({ params, query, bearer, body: bytes })
}

/** The BadRequestException that a request gets. */
export function refusal(name: OperationName, request: Request): ApiError {
  try {
    decode(name, request)
  } catch (error) {
    if (error instanceof ApiError && error.type === 'BadRequestException') return error
    throw error
  }
  throw new Error(`${name} was accepted`)
}

export const message = { Content: 'hello', Type: 'STANDARD', Persistence: 'PERSISTENT', ClientRequestToken: 'token' }
const params = { channelArn: channel }
export const send = (body: Uint8Array | string | object) => decode('SendChannelMessage', { params, body })
export const sendRefusal = (body: Uint8Array | string | object) => refusal('SendChannelMessage', { params, body })

/** Whether a message is accepted; any error but a BadRequestException is a failure of the server. */
export function outcomeOfSend(body: object): 'accepted' | 'BadRequestException' {
  try {
    send(body)
    return 'accepted'
  } catch (error) {
    if (error instanceof ApiError && error.type === 'BadRequestException') return error.type
    throw error
  }
}

/** The body that a codec makes of an answer. */
export const encode = <N extends OperationName>(name: N, output: Output<N>) =>
  codecFor(name).encode(typeof output === 'object' ? output : undefined)
