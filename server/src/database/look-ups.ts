import { statement, type Statement, type Value } from './database.ts'
import { isOutage } from './outage.ts'
import { askMany, Asking, type Ask, type Waiting } from './postgres-queries.ts'

/** The most look-ups in one round trip. */
const most = 32
/** The most concurrent round trips of one statement. */
const roundTrips = 2

/** The waiting look-ups of one statement. */
interface Queue {
  readonly statement: Statement<unknown>
  /** Whether several look-ups can share a round trip. */
  readonly isSelect: boolean
  waiting: Waiting[]
  /** Round trips that are in progress, or start when this turn of the event loop ends. */
  begun: number
}

/**
 * Look-ups outside transactions. Those of the same statement in one turn of the event loop, or while others are in progress, share
 * a round trip. A single look-up is sent as it is.
 */
export class LookUps {
  readonly #ask: Ask
  readonly #one: Asking
  readonly #queues = new Map<Statement<unknown>, Queue>()
  readonly #forMany = new Map<string, Statement<unknown>>()

  constructor(ask: Ask) {
    this.#ask = ask
    this.#one = new Asking(ask)
  }

  /** Resolves to the first row; undefined if there is none. */
  async get<Row>(statement: Statement<Row>, values: readonly Value[]): Promise<Row | undefined> {
    let queue = this.#queues.get(statement)
    if (!queue) {
      queue = { statement, isSelect: /^\s*select\b/.test(statement.text), waiting: [], begun: 0 }
      this.#queues.set(statement, queue)
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    queue.waiting.push({ values, resolve, reject })
    this.#beginSoon(queue)
    return promise as Promise<Row | undefined>
  }

  #beginSoon(queue: Queue) {
    if (queue.begun > 0 && queue.waiting.length < most) return
    if (queue.begun === roundTrips) return
    queue.begun++
    setImmediate(() => void this.#begin(queue))
  }

  async #begin(queue: Queue) {
    const asked = queue.waiting.splice(0, most)
    const outage = await this.#answer(queue, asked)
    // The waiting look-ups would meet the same outage.
    if (outage) for (const { reject } of queue.waiting.splice(0)) reject(outage)
    queue.begun--
    if (queue.waiting.length > 0) this.#beginSoon(queue)
  }

  /** Settles each look-up; resolves to the outage if there is one. */
  async #answer({ statement, isSelect }: Queue, asked: readonly Waiting[]): Promise<unknown> {
    const many = isSelect && asked.length > 1 ? this.#manyOf(statement, asked) : undefined
    if (!many) return this.#answerEach(statement, asked)
    try {
      await askMany(this.#ask, many, asked)
    } catch (error) {
      // PostgreSQL refuses a value of one look-up, so each is sent alone.
      if (!isOutage(error)) return this.#answerEach(statement, asked)
      for (const { reject } of asked) reject(error)
      return error
    }
    return undefined
  }

  async #answerEach(statement: Statement<unknown>, asked: readonly Waiting[]): Promise<unknown> {
    const answers = await Promise.allSettled(
      asked.map(async ({ values, resolve, reject }) => {
        const found = this.#one.get(statement, ...values)
        found.then(resolve, reject)
        return found
      }),
    )
    return answers.flatMap(answer => (answer.status === 'rejected' ? [answer.reason as unknown] : [])).find(isOutage)
  }

  /** The statement for several look-ups, whose values must all have the same types; undefined if there is none. */
  #manyOf(one: Statement<unknown>, asked: readonly Waiting[]): Statement<unknown> | undefined {
    const types = asked[0]!.values.map(typeOf)
    if (types.includes(undefined) || types.length === 0) return undefined
    if (asked.some(({ values }) => values.some((value, index) => typeOf(value) !== types[index]))) return undefined
    const key = `${types.join()} ${one.name}`
    let many = this.#forMany.get(key)
    if (!many) {
      many = statement(manyText(one.text, types as string[]))
      this.#forMany.set(key, many)
    }
    return many
  }
}

const typeOf = (value: Value) => {
  if (value === null) return undefined
  if (typeof value === 'string') return 'text'
  return typeof value === 'number' ? 'bigint' : 'bytea'
}

/** The text runs for each look-up as it does for one: its `limit` keeps the planner from joining it with the list of values. */
function manyText(text: string, types: readonly string[]): string {
  const lists = types.map((type, index) => `$${index + 1}::${type}[]`).join(', ')
  const names = types.map((_, index) => `value_${index + 1}`).join(', ')
  return `
    select found.*, asked.whose from unnest(${lists}) with ordinality as asked (${names}, whose)
    cross join lateral (select * from (${text.replace(/\$(\d+)/g, 'asked.value_$1')}) found limit 1) found`
}
