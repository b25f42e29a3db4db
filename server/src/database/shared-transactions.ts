import type { FollowUps } from './commit-order.ts'
import type { Besides, LockName, Statement, Transaction, Value, Work } from './database.ts'
import { isLocked, isOutage } from './outage.ts'
import { askMany, Asking, type Ask, type Waiting } from './postgres-queries.ts'

/** The most pieces of work in one shared transaction. */
const most = 100
/** A work that was rolled back with others this often continues alone, so that failing works cannot delay it for good. */
const mostUndone = 3

const endOfTurn = () => new Promise<void>(resolve => setImmediate(resolve))

interface SharedQuery extends Waiting {
  /** Undefined if the call cannot share a round trip. */
  readonly statement: Statement<unknown> | undefined
  /** Sends this call alone, and resolves it with its row. */
  readonly alone: () => Promise<void>
}

/**
 * A transaction that several works share, step by step: their queries in one turn of the event loop share a round trip if the
 * statement has a form for many.
 */
class SharedTransaction implements Transaction {
  readonly storesEvents: boolean
  readonly feedsSearch: boolean
  readonly #ask: Ask
  readonly #one: Asking
  readonly #followUps: FollowUps
  readonly #asked: SharedQuery[] = []
  #isAnswering = false

  constructor(ask: Ask, followUps: FollowUps, { storesEvents, feedsSearch }: Besides) {
    this.storesEvents = storesEvents
    this.feedsSearch = feedsSearch
    this.#ask = ask
    this.#one = new Asking(ask)
    this.#followUps = followUps
  }

  /** Sent alone, since with many rows it would not be clear which call a row belongs to. */
  async all<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row[]> {
    const { promise, resolve, reject } = Promise.withResolvers<Row[]>()
    this.#add({
      statement: undefined,
      values,
      alone: () => this.#one.all(statement, ...values).then(resolve, reject),
      resolve: () => {},
      reject,
    })
    return promise
  }

  async get<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row | undefined> {
    const alone = () => this.#one.get(statement, ...values)
    return this.#queryOne(statement, values, alone, row => row as Row | undefined)
  }

  async run(statement: Statement<never>, ...values: Value[]): Promise<number> {
    const alone = () => this.#one.run(statement, ...values)
    return this.#queryOne(statement, values, alone, row => (row === undefined ? 0 : 1))
  }

  afterCommit(what: unknown, channelId?: number) {
    this.#followUps.add(what, channelId)
  }

  /** `resultOf` maps a row of a statement for many, or none, to the result. */
  async #queryOne<Result>(
    statement: Statement<unknown>,
    values: readonly Value[],
    alone: () => Promise<Result>,
    resultOf: (row: unknown) => Result,
  ): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    this.#add({ statement, values, alone: () => alone().then(resolve, reject), resolve: row => resolve(resultOf(row)), reject })
    return promise
  }

  /** A connection runs one query after the other. */
  #add(asked: SharedQuery) {
    this.#asked.push(asked)
    if (!this.#isAnswering) void this.#answer()
  }

  async #answer() {
    this.#isAnswering = true
    for (await endOfTurn(); this.#asked.length > 0; await endOfTurn()) {
      const steps = Map.groupBy(this.#asked.splice(0), ({ statement }) => statement)
      for (const [statement, asked] of steps) {
        if (statement?.many && asked.length > 1) await this.#answerTogether(statement.many, asked)
        else for (const { alone } of asked) await alone()
      }
    }
    this.#isAnswering = false
  }

  async #answerTogether(many: Statement<unknown>, asked: readonly SharedQuery[]) {
    try {
      await askMany(this.#ask, many, asked)
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }
}

/** Whether the database is unavailable to all calls, unlike a lock, which only stops those that need the same row. */
const isAway = (error: unknown) => isOutage(error) && !isLocked(error)

interface Sharer {
  readonly work: Work<unknown>
  readonly lock: LockName | undefined
  /** How often it was rolled back with others. */
  undone: number
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** A work is rolled back because another one in its transaction has failed. */
class UndoneWithOthers extends Error {}

/** How a database runs a transaction once: it is rolled back if `work` rejects. */
export interface Holding {
  readonly once: (work: (ask: Ask, followUps: FollowUps) => Promise<void>) => Promise<void>
  /** Runs one work in a transaction of its own, with retries. */
  readonly alone: (work: Work<unknown>, lock: LockName | undefined) => Promise<unknown>
  readonly besides: Besides
}

/**
 * Collects the works that arrive in one turn of the event loop, or while others run, and lets them share a transaction. If one fails, all
 * are rolled back. That one then runs in a transaction of its own, as if it had always been alone; the others share the next one, unless
 * they were rolled back too often. If the cause was a lock, further works on the same channel or app instance also run alone until one of
 * them succeeds, so that a known lock does not delay others.
 */
export class SharedTransactions {
  readonly #holding: Holding
  readonly #waiting: Sharer[] = []
  /** How many works run alone because of a lock, by the name of the lock. */
  readonly #locked = new Map<LockName, number>()
  #isHolding = false

  constructor(holding: Holding) {
    this.#holding = holding
  }

  async run<Result>(work: Work<Result>, lock?: LockName): Promise<Result> {
    if (lock !== undefined && this.#locked.has(lock)) return this.#apart(work, lock) as Promise<Result>
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.push({ work, lock, undone: 0, resolve, reject })
    if (!this.#isHolding) void this.#holdAll()
    return promise as Promise<Result>
  }

  async #holdAll() {
    this.#isHolding = true
    await endOfTurn()
    while (this.#waiting.length > 0) await this.#hold(this.#waiting.splice(0, most))
    this.#isHolding = false
  }

  async #hold(batch: readonly Sharer[]) {
    let outcomes: PromiseSettledResult<unknown>[] = []
    try {
      await this.#holding.once(async (ask, followUps) => {
        const tx = new SharedTransaction(ask, followUps, this.#holding.besides)
        outcomes = await Promise.allSettled(batch.map(async ({ work }) => work(tx)))
        const reasons = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
        if (reasons.length > 0) throw reasons.find(isAway) ?? new UndoneWithOthers()
      })
    } catch (error) {
      const blameless = batch.filter((sharer, index) => !this.#isBlamed(sharer, outcomes[index], error))
      this.#waiting.unshift(...blameless)
      // The waiting works would meet the same outage.
      if (isAway(error)) for (const { reject } of this.#waiting.splice(0)) reject(error)
      return
    }
    for (const [index, { resolve }] of batch.entries()) resolve((outcomes[index] as PromiseFulfilledResult<unknown>).value)
  }

  /** Settles a work that has failed by itself or with its transaction; false for a work that is to share the next one. */
  #isBlamed(sharer: Sharer, outcome: PromiseSettledResult<unknown> | undefined, error: unknown): boolean {
    const { work, lock, resolve, reject } = sharer
    const reason: unknown = outcome?.status === 'rejected' ? outcome.reason : error
    if (reason instanceof UndoneWithOthers && ++sharer.undone < mostUndone) return false
    if (isLocked(reason) && lock !== undefined) void this.#apart(work, lock).then(resolve, reject)
    else if (isAway(reason)) reject(reason)
    else void this.#holding.alone(work, lock).then(resolve, reject)
    return true
  }

  /** Runs a work alone, because another transaction holds its lock. */
  async #apart(work: Work<unknown>, lock: LockName): Promise<unknown> {
    this.#locked.set(lock, (this.#locked.get(lock) ?? 0) + 1)
    try {
      const result = await this.#holding.alone(work, lock)
      this.#locked.delete(lock)
      return result
    } finally {
      const left = (this.#locked.get(lock) ?? 0) - 1
      if (left > 0) this.#locked.set(lock, left)
      else this.#locked.delete(lock)
    }
  }
}
