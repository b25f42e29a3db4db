import { onTestFinished } from 'vitest'
import { shareableAs, type Database, type Queries, type Statement, type Transaction, type Value } from '../../src/database/database.ts'
import { patience } from './patience.ts'

/** Which statements are held: by their SQL, and by their values where other callers use the same SQL. */
export interface Held {
  readonly text: RegExp
  readonly values?: (values: readonly Value[]) => boolean
  /** Before the statement reaches the database, or once the database has answered. */
  readonly at?: 'question' | 'answer'
}

/** The statement that is held: the first that matches. */
export interface Hold {
  /** Resolves once a statement is held; fails where none comes. */
  readonly reached: Promise<void>
  /** Lets the held statement continue. */
  release(): void
  /** Lets the held statement fail with an error. */
  fail(error: Error): void
}

interface Waiting extends Held {
  readonly arrive: () => void
  readonly released: Promise<void>
}

/** The statements of a transaction in its last run, and why its runs have failed. */
export interface Witnessed {
  readonly failures: unknown[]
  asked: { readonly text: string; readonly values: readonly Value[] }[]
}

/**
 * Stands between a server and its database (`through` of startApp), and holds statements or answers back, so that a test decides what
 * happens meanwhile. In transactions only PostgreSQL's statements can be held: SQLite's transactions await nothing but their queries.
 */
export class Seam {
  readonly #holds = new Set<Waiting>()
  #witness: ((witnessed: Witnessed) => void) | undefined

  /** Holds the next statement that matches; every statement that is still held is released when the test ends. */
  hold(held: Held): Hold {
    const arrival = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const waiting = { ...held, arrive: arrival.resolve, released: release.promise }
    this.#holds.add(waiting)
    const late = setTimeout(() => arrival.reject(new Error(`nobody has asked for ${held.text}`)), patience)
    arrival.promise.finally(() => clearTimeout(late)).catch(() => {})
    const end = () => {
      clearTimeout(late)
      this.#holds.delete(waiting)
      release.resolve()
    }
    onTestFinished(end)
    const fail = (error: Error) => {
      release.reject(error)
      end()
    }
    release.promise.catch(() => {})
    return { reached: arrival.promise, release: end, fail }
  }

  /** The transactions that begin until the next call, or the end of the test. */
  witness(): readonly Witnessed[] {
    const transactions: Witnessed[] = []
    this.#witness = witnessed => transactions.push(witnessed)
    onTestFinished(() => (this.#witness = undefined))
    return transactions
  }

  /** Given to startApp. */
  readonly through = (database: Database): Database => ({
    ...this.#queries(database, true),
    kind: database.kind,
    transaction: async work => {
      const witnessed: Witnessed = { failures: [], asked: [] }
      this.#witness?.(witnessed)
      const seen = async (tx: Transaction) => {
        witnessed.asked = []
        try {
          return await work(this.#transaction(tx, witnessed, database.kind === 'postgres'))
        } catch (error) {
          witnessed.failures.push(error)
          throw error
        }
      }
      return database.transaction(shareableAs(work, seen))
    },
    of: place => this.through(database.of(place)),
    tidy: async () => database.tidy(),
    close: async () => database.close(),
  })

  #transaction(tx: Transaction, { asked }: Witnessed, canWait: boolean): Transaction {
    return {
      ...this.#queries(tx, canWait, (text, values) => asked.push({ text, values })),
      storesEvents: tx.storesEvents,
      feedsSearch: tx.feedsSearch,
      afterCommit: (what, channelId) => tx.afterCommit(what, channelId),
    }
  }

  #queries(queries: Queries, canWait: boolean, hear?: (text: string, values: readonly Value[]) => void): Queries {
    const pass = async <Answer>({ text }: Statement<unknown>, values: readonly Value[], ask: () => Promise<Answer>): Promise<Answer> => {
      hear?.(text, values)
      const waiting = canWait ? this.#take(text, values) : undefined
      if (!waiting) return ask()
      if (waiting.at === 'question') {
        waiting.arrive()
        await waiting.released
        return ask()
      }
      const answer = await ask()
      waiting.arrive()
      await waiting.released
      return answer
    }
    return {
      all: async (statement, ...values) => pass(statement, values, async () => queries.all(statement, ...values)),
      get: async (statement, ...values) => pass(statement, values, async () => queries.get(statement, ...values)),
      run: async (statement, ...values) => pass(statement, values, async () => queries.run(statement, ...values)),
    }
  }

  #take(text: string, values: readonly Value[]): Waiting | undefined {
    for (const waiting of this.#holds) {
      if (!waiting.text.test(text) || waiting.values?.(values) === false) continue
      this.#holds.delete(waiting)
      return waiting
    }
    return undefined
  }
}
