import { hash as digest } from 'node:crypto'
import type { Call } from './call.ts'
import { ApiError, conflict } from '../errors.ts'
import { RetryTransaction, shareableAs, type Transaction, type Work } from '../database/database.ts'
import { answeredToken, rememberToken, tokenLifetime } from '../store/request-tokens.ts'

interface Tokened {
  readonly ClientRequestToken: string
}

const hash = (...parts: string[]) => digest('sha256', JSON.stringify(parts), 'base64url').slice(0, 32)

/**
 * A token is stored under operation, parent resource, bearer and itself. Its fingerprint is the whole input, which the decoder has
 * put in one order. The bearer counts by its id in the database, which is never used again, so a new user under a deleted user's id
 * does not meet that user's tokens.
 */
function namesOf(call: Call, parent: string, input: Tokened) {
  const bearer = call.facts ? String(call.facts.caller.id) : ''
  return { token: hash(call.operation, parent, bearer, input.ClientRequestToken), fingerprint: hash(JSON.stringify(input)) }
}

const reused = () =>
  conflict(
    'Resource creation in progress or has already been created.',
    'The same ClientRequestToken came within 24 hours with other parameters. Use a new token for a new request.',
  )

function replay<Result>(answered: { fingerprint: string; result: string }, fingerprint: string): Result {
  if (answered.fingerprint === fingerprint) return JSON.parse(answered.result) as Result
  throw reused()
}

/**
 * Runs the work once per ClientRequestToken. The same request again gets the first answer and changes nothing; a request with other
 * parameters gets a ConflictException. Of concurrent twins one runs the work and the others get its answer. Nearly every token is
 * new, so it is not looked up before the work: if it turns out to be known, the work is rolled back and the answer is looked up.
 */
export async function once<Result>(call: Call, parent: string, input: Tokened, work: Work<Result>): Promise<Result> {
  const { token, fingerprint } = namesOf(call, parent, input)
  let isKnown = false
  const again = () => {
    isKnown = true
    return new RetryTransaction()
  }
  const whole = async (tx: Transaction) => {
    const now = call.now()
    const since = now - tokenLifetime
    const answered = isKnown ? await answeredToken(tx, token, since) : undefined
    if (answered) return replay<Result>(answered, fingerprint)
    const result = await work(tx).catch(async (error: unknown) => {
      // Something that the first request has created is no conflict.
      throw error instanceof ApiError && (await answeredToken(tx, token, since)) ? again() : error
    })
    if (!(await rememberToken(tx, { token, fingerprint, result: JSON.stringify(result), now }))) throw again()
    return result
  }
  return call.db.transaction(shareableAs(work, whole))
}

/**
 * The same for work that stores nothing: the answers are held by this process only, and only the last ones
 * (docs/service/wire.md#idempotency).
 */
export async function onceInMemory<Result>(call: Call, parent: string, input: Tokened, work: () => Promise<Result>): Promise<Result> {
  const { token, fingerprint } = namesOf(call, parent, input)
  const now = call.now()
  const answered = call.answeredTokens.get(token, now - tokenLifetime)
  if (answered) {
    if (answered.fingerprint !== fingerprint) throw reused()
    return answered.result as Promise<Result>
  }
  const result = work()
  call.answeredTokens.remember(token, { fingerprint, result, at: now })
  return result
}
