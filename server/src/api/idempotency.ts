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
 * A token is known by operation, parent resource, bearer and itself; its fingerprint is all of the input, which the decoder has
 * put in one order. The bearer counts by
 * its number, which is never given again, so that who comes back under a deleted one's id does not meet its tokens.
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
 * Does the work once per ClientRequestToken: the same request again gets the first answer and changes nothing, one with other
 * parameters a ConflictException. Of concurrent twins one does the work and the others get its answer. Nearly every token is
 * new, so it is not looked for before the work: where it turns out to be known, the work is undone and the answer looked up.
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
      // What the first request has made is no conflict.
      throw error instanceof ApiError && (await answeredToken(tx, token, since)) ? again() : error
    })
    if (!(await rememberToken(tx, { token, fingerprint, result: JSON.stringify(result), now }))) throw again()
    return result
  }
  return call.db.transaction(shareableAs(work, whole))
}

/** The same for what is never stored: remembered in this process only, and only the last ones (docs/service/wire.md#idempotency). */
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
