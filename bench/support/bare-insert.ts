import { Client } from 'pg'
import { percentile } from './load.ts'
import { counting, type Measured } from './measured.ts'
import type { Site } from './server.ts'

const rowsAtOnce = 32

const create = 'create table bench_messages (like messages including all)'
const insert = {
  name: 'bench_insert',
  text: `
    insert into bench_messages (channel_id, private, created_at, sequence, nonce, sender_id, type, content, updated_at)
    select channel_id, 0, created_at, sequence, nonce, sender_id, 'STANDARD', content, created_at
    from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::text[])
      as row (channel_id, created_at, sequence, nonce, sender_id, content)`,
}

const column = <Value>(value: (index: number) => Value) => Array.from({ length: rowsAtOnce }, (_, index) => value(index))

/**
 * The yardstick of a message on PostgreSQL: a loop that inserts rows of a message's size, 32 in a statement, into a table like
 * `messages`, and waits for each commit to be on disk.
 */
export class BareInsert {
  readonly #site: Site
  readonly #client: Client
  #sequence = 1

  private constructor(site: Site, client: Client) {
    this.#site = site
    this.#client = client
  }

  static async open(site: Site): Promise<BareInsert> {
    const client = new Client(site.databaseUrl)
    await client.connect()
    await client.query(`set synchronous_commit = on`)
    await client.query(create)
    return new BareInsert(site, client)
  }

  /** The cost of a row, and the time of a statement. */
  async measure(seconds: number): Promise<Measured> {
    const times: number[] = []
    const costOf = counting(this.#site)
    const start = performance.now()
    for (let now = start; now < start + seconds * 1000;) {
      await this.#insert()
      const before = now
      now = performance.now()
      times.push(now - before)
    }
    const took = (performance.now() - start) / 1000
    const requests = times.length * rowsAtOnce
    const cost = costOf(requests)
    await this.#client.query('truncate bench_messages')
    times.sort((a, b) => a - b)
    return { ...cost, requests, seconds: took, p50: percentile(times, 0.5), p99: percentile(times, 0.99), bodyBytes: 0 }
  }

  /** Removes its table. */
  async close() {
    await this.#client.query('drop table bench_messages')
    await this.#client.end()
  }

  async #insert() {
    const sequence = this.#sequence++
    await this.#client.query({
      ...insert,
      values: [
        column(index => index + 1),
        column(() => Date.now()),
        column(() => sequence),
        column(() => crypto.randomUUID() + '0000'),
        column(index => index + 2),
        column(index => `"~#${sequence * rowsAtOnce + index};${'hello world '.repeat(24)}"`),
      ],
    })
  }
}
