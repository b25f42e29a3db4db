import type { FollowUps } from './commit-order.ts'
import type { Place, Statement, Transaction, Value, Work } from './database.ts'
import { isLocked, isOutage } from './outage.ts'
import { askMany, Asking, type Ask, type Waiting } from './postgres-queries.ts'

/** So many works share a transaction at the most. */
const most = 100
/** One that has been undone with others so often goes on alone, so that nobody holds it up for good by works that fail. */
const mostUndone = 3

const endOfTurn = () => new Promise<void>(resolve => setImmediate(resolve))

interface Asked extends Waiting {
  /** Undefined where it cannot be asked together with others. */
  readonly statement: Statement<unknown> | undefined
  /** Asks for this one only, and tells it. */
  readonly alone: () => Promise<void>
}

/**
 * A transaction that several works hold together, step by step: what they ask for in one turn of the event loop goes in one
 * round trip where the statement has a form for many.
 */
class SharedTransaction implements Transaction {
  readonly keepsEvents: boolean
  readonly #ask: Ask
  readonly #one: Asking
  readonly #followUps: FollowUps
  readonly #asked: Asked[] = []
  #isAnswering = false

  constructor(ask: Ask, followUps: FollowUps, keepsEvents: boolean) {
    this.keepsEvents = keepsEvents
    this.#ask = ask
    this.#one = new Asking(ask)
    this.#followUps = followUps
  }

  /** Each goes by itself: of many rows nobody could say whose they are. */
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
    return this.#askOne(statement, values, alone, row => row as Row | undefined)
  }

  async run(statement: Statement<never>, ...values: Value[]): Promise<number> {
    const alone = () => this.#one.run(statement, ...values)
    return this.#askOne(statement, values, alone, row => (row === undefined ? 0 : 1))
  }

  afterCommit(what: unknown, channelId?: number) {
    this.#followUps.add(what, channelId)
  }

  /** `answerOf` is what a row of a statement for many, or none, answers. */
  async #askOne<Answer>(
    statement: Statement<unknown>,
    values: readonly Value[],
    alone: () => Promise<Answer>,
    answerOf: (row: unknown) => Answer,
  ): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#add({ statement, values, alone: () => alone().then(resolve, reject), resolve: row => resolve(answerOf(row)), reject })
    return promise
  }

  /** A connection is asked one thing after the other. */
  #add(asked: Asked) {
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

  async #answerTogether(many: Statement<unknown>, asked: readonly Asked[]) {
    try {
      await askMany(this.#ask, many, asked)
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }
}

/** Whether nobody gets anything from the database, where a lock keeps from it only who wants the same. */
const isAway = (error: unknown) => isOutage(error) && !isLocked(error)

interface Sharer {
  readonly work: Work<unknown>
  readonly place: Place | undefined
  /** How often it has been undone with others. */
  undone: number
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** A work is undone since another one that shared its transaction has failed. */
class UndoneWithOthers extends Error {}

/** How a database holds a transaction, once: it is undone where `work` rejects. */
export interface Holding {
  readonly once: (work: (ask: Ask, followUps: FollowUps) => Promise<void>) => Promise<void>
  /** One work in a transaction of its own, as often as it takes. */
  readonly alone: (work: Work<unknown>, place: Place | undefined) => Promise<unknown>
  readonly keepsEvents: boolean
}

/**
 * Gathers the works that come in one turn of the event loop, or while others are under way, and lets them share a transaction.
 * Where one fails, all are undone: that one then has a transaction of its own, in which it fails or not as if it had always been
 * alone, and the others share the next one, unless they have been undone too often. Where that was somebody's lock, whatever comes to the
 * same place goes alone too, until one of them has got through: nobody waits with others for a lock that is known.
 */
export class SharedTransactions {
  readonly #holding: Holding
  readonly #waiting: Sharer[] = []
  /** How many works of a place that was found locked are under way alone. */
  readonly #locked = new Map<Place, number>()
  #isHolding = false

  constructor(holding: Holding) {
    this.#holding = holding
  }

  async run<Result>(work: Work<Result>, place?: Place): Promise<Result> {
    if (place !== undefined && this.#locked.has(place)) return this.#apart(work, place) as Promise<Result>
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.push({ work, place, undone: 0, resolve, reject })
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
        const tx = new SharedTransaction(ask, followUps, this.#holding.keepsEvents)
        outcomes = await Promise.allSettled(batch.map(async ({ work }) => work(tx)))
        const reasons = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
        if (reasons.length > 0) throw reasons.find(isAway) ?? new UndoneWithOthers()
      })
    } catch (error) {
      const blameless = batch.filter((sharer, index) => !this.#isBlamed(sharer, outcomes[index], error))
      this.#waiting.unshift(...blameless)
      // Whoever waits would wait for the same.
      if (isAway(error)) for (const { reject } of this.#waiting.splice(0)) reject(error)
      return
    }
    for (const [index, { resolve }] of batch.entries()) resolve((outcomes[index] as PromiseFulfilledResult<unknown>).value)
  }

  /** Sees to a work that has failed by itself, or by what became of the transaction; false for one that is to share the next. */
  #isBlamed(sharer: Sharer, outcome: PromiseSettledResult<unknown> | undefined, error: unknown): boolean {
    const { work, place, resolve, reject } = sharer
    const reason: unknown = outcome?.status === 'rejected' ? outcome.reason : error
    if (reason instanceof UndoneWithOthers && ++sharer.undone < mostUndone) return false
    if (isLocked(reason) && place !== undefined) void this.#apart(work, place).then(resolve, reject)
    else if (isAway(reason)) reject(reason)
    else void this.#holding.alone(work, place).then(resolve, reject)
    return true
  }

  /** Alone, in a place where somebody holds a lock. */
  async #apart(work: Work<unknown>, place: Place): Promise<unknown> {
    this.#locked.set(place, (this.#locked.get(place) ?? 0) + 1)
    try {
      const result = await this.#holding.alone(work, place)
      this.#locked.delete(place)
      return result
    } finally {
      const left = (this.#locked.get(place) ?? 0) - 1
      if (left > 0) this.#locked.set(place, left)
      else this.#locked.delete(place)
    }
  }
}
