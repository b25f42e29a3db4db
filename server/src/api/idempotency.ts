import { hash as digest } from 'node:crypto'
import type { Call } from './call.ts'
import { ApiError, conflict } from '../errors.ts'
import { RetryTransaction, shareableAs, type Transaction, type Work } from '../database/database.ts'
import { previousAnswer } from '../store/previous-tokens.ts'
import { answeredToken, storeToken, tokenLifetime } from '../store/request-tokens.ts'

interface Tokened {
  readonly ClientRequestToken: string
}

/** The form in which an answer is stored. */
export interface StoredForm<Result> {
  readonly toBytes: (result: Result) => Uint8Array
  readonly fromBytes: (bytes: Uint8Array) => Result
}

const json = <Result>(): StoredForm<Result> => ({
  toBytes: result => Buffer.from(JSON.stringify(result)),
  fromBytes: bytes => JSON.parse(Buffer.from(bytes).toString()) as Result,
})

/** In bytes. Two inputs with one token and one fingerprint count as the same request. */
const tokenLength = 16
const fingerprintLength = 12

const hash = (text: string) => digest('sha256', text, 'buffer')

/** A hash as schema version 19 has it. */
const inPreviousForm = (hashed: Buffer) => hashed.toString('base64url', 0, 24)
const previousFingerprint = (input: Tokened) => inPreviousForm(hash(JSON.stringify([JSON.stringify(input)])))

/**
 * A token is stored under operation, parent resource, bearer and itself. Its fingerprint is the whole input, which the decoder has
 * put in one order. The bearer counts by its id in the database, which is never used again, so a new user under a deleted user's id
 * does not meet that user's tokens.
 */
function namesOf(call: Call, parent: string, input: Tokened) {
  const bearer = call.facts ? String(call.facts.caller.id) : ''
  const hashed = hash(JSON.stringify([call.operation, parent, bearer, input.ClientRequestToken]))
  return {
    channelId: call.facts?.channel?.id ?? 0,
    token: hashed.subarray(0, tokenLength),
    previous: inPreviousForm(hashed),
    fingerprint: hash(JSON.stringify(input)).subarray(0, fingerprintLength),
  }
}

const reused = () =>
  conflict(
    'Resource creation in progress or has already been created.',
    'The ClientRequestToken was used within the last 24 hours for a request with other parameters. Use a new token for a new request.',
  )

/**
 * Runs the work once per ClientRequestToken. The same request again gets the first answer and changes nothing; a request with other
 * parameters gets a ConflictException. Of concurrent requests with one token, one runs the work and the others get its answer. Nearly every
 * token is new, so it is not looked up before the work: if it turns out to be known, the work is rolled back and the answer is looked up.
 */
export async function once<Result>(
  call: Call,
  parent: string,
  input: Tokened,
  work: Work<Result>,
  { toBytes, fromBytes } = json<Result>(),
): Promise<Result> {
  const { fingerprint, ...key } = namesOf(call, parent, input)
  const firstAnswer = async (tx: Transaction, since: number) => {
    const answered = await answeredToken(tx, key, since)
    if (answered) return { isSame: fingerprint.equals(answered.fingerprint), result: fromBytes(answered.result) }
    const previous = await previousAnswer(tx, key.previous, since)
    return previous && { isSame: previous.fingerprint === previousFingerprint(input), result: JSON.parse(previous.result) as Result }
  }
  let isKnown = false
  const again = () => {
    isKnown = true
    return new RetryTransaction()
  }
  const whole = async (tx: Transaction) => {
    const now = call.now()
    const since = now - tokenLifetime
    const answered = isKnown ? await firstAnswer(tx, since) : undefined
    if (answered?.isSame === true) return answered.result
    if (answered) throw reused()
    const result = await work(tx).catch(async (error: unknown) => {
      // If the first request has created the resource, that is not a conflict.
      throw error instanceof ApiError && (await firstAnswer(tx, since)) ? again() : error
    })
    if (!(await storeToken(tx, { ...key, fingerprint, result: toBytes(result), now }))) throw again()
    return result
  }
  return call.db.transaction(shareableAs(work, whole))
}

/**
 * The same for work that stores nothing: the answers are held by this process only, and only the last ones
 * (docs/service/wire.md#idempotency).
 */
export async function onceInMemory<Result>(call: Call, parent: string, input: Tokened, work: () => Promise<Result>): Promise<Result> {
  const names = namesOf(call, parent, input)
  const [token, fingerprint] = [names.token.toString('base64'), names.fingerprint.toString('base64')]
  const now = call.now()
  const answered = call.answeredTokens.get(token, now - tokenLifetime)
  if (answered) {
    if (answered.fingerprint !== fingerprint) throw reused()
    return answered.result as Promise<Result>
  }
  const result = work()
  call.answeredTokens.put(token, { fingerprint, result, at: now })
  return result
}
