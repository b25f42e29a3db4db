import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { hasPgbouncer, startPgbouncer } from '../support/pgbouncer.ts'
import { startPostgres, type OwnPostgres } from '../support/postgres.ts'
import { root } from '../support/process.ts'
import { listen } from '../support/sockets.ts'
import { clientsOf, refusal, startWorld, type World } from '../support/world.ts'

const page = await readFile(join(root, 'docs/postgresql.md'), 'utf8')

/** The blocks of a section of the page, in that language. */
function blocks(section: string, language: string): string[] {
  const [, text = ''] = page.split(new RegExp(`\n###? ${section}\n`))
  return [...text.split(/\n###? /)[0]!.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))].map(([, found]) => found!)
}

let postgres: OwnPostgres
let port: string
beforeAll(async () => {
  postgres = await startPostgres(['-c', 'max_connections=100'])
  ;({ port } = new URL(postgres.url))
  return () => postgres.remove()
})

/** Runs the statements of a block one by one, as the superuser does in psql. */
async function psql(sql: string, database = 'postgres') {
  const url = new URL(postgres.url)
  url.pathname = `/${database}`
  const client = new Client({ connectionString: url.href })
  await client.connect()
  try {
    for (const statement of sql.split(';').filter(text => text.trim() !== '')) await client.query(statement)
  } finally {
    await client.end()
  }
}

/** The URL that the page gives, with another port and database. */
function urlOf(toPort: number | string, database = 'carillon') {
  const [, url] = /CARILLON_DATABASE_URL='(postgresql:[^']*)'/.exec(page)!
  return url!.replace('5432', String(toPort)).replace(/carillon$/, database)
}

/** A server, with Alice in four channels. */
async function startServer(databaseUrl: string) {
  const world = await startWorld('postgres', { databaseUrl })
  onTestFinished(() => world.close())
  const { user } = await world.appInstance(['alice'])
  const alice = user('alice')
  const channels = await Promise.all(Array.from({ length: 4 }, async () => open(world, alice)))
  return { world, alice, channels }
}

/** The calls of many users at once, so that each connection of a pooler serves all of them. */
async function crowd(world: World, alice: string, channels: readonly string[], rounds: number) {
  const { messaging, identity } = world
  await Promise.all(
    Array.from({ length: rounds }, async (_, index) => {
      const ChannelArn = channels[index % channels.length]!
      const named = { ChannelArn, ChimeBearer: alice }
      const MessageId = await say(world, alice, ChannelArn, String(index))
      await messaging.updateChannelReadMarker(named)
      await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: alice, MaxResults: 2 })
      expect((await messaging.getChannelMessage({ ...named, MessageId })).ChannelMessage!.Content).toBe(String(index))
      await messaging.updateChannelMessage({ ...named, MessageId, Content: 'edited' })
      await identity.describeAppInstanceUser({ AppInstanceUserArn: alice })
    }),
  )
}

describe('docs/postgresql.md', () => {
  beforeAll(async () => psql(blocks('A role and a database', 'sql')[0]!))

  test('a role that owns its database needs no further grant', async () => {
    const { world, alice, channels } = await startServer(urlOf(port))
    await expect(crowd(world, alice, channels, 20)).resolves.toBeUndefined()
  })

  test('in a database of others a role that owns its schema needs no further grant', async () => {
    await psql('create database shop')
    const [, ...statements] = blocks('In an existing database', 'sql')[0]!.split(';')
    await psql(statements.join(';'), 'shop')
    onTestFinished(() => psql('alter role carillon reset search_path'))
    const { world, alice, channels } = await startServer(urlOf(port, 'shop'))
    await crowd(world, alice, channels, 10)
    await expect(psql('select * from carillon.channels', 'shop')).resolves.toBeUndefined()
  })

  test('without the right the start prints the sentence of the page', async () => {
    await psql('create database bare')
    const [sentence] = page.match(/PostgreSQL denies the role carillon .*?; /)!
    await expect(startWorld('postgres', { databaseUrl: urlOf(port, 'bare') })).rejects.toThrow(sentence.replace('shop', 'bare'))
    await psql(/`(grant usage, create [^`]*)`/.exec(page)![1]!, 'bare')
    await startServer(urlOf(port, 'bare'))
  })

  test('a standby is not used, and the server works again once it is promoted', async () => {
    const { world, alice, channels } = await startServer(urlOf(port))
    const [channel] = channels as [string]
    const client = new Client({ connectionString: postgres.url })
    await client.connect()
    const { rows } = await client.query<{ data_directory: string }>('show data_directory')
    await client.end()
    await postgres.stop()
    await writeFile(join(rows[0]!.data_directory, 'standby.signal'), '')
    await postgres.start()
    for (let round = 0; round < 3; round++) {
      expect(await refusal(world.messaging.listChannelMessages({ ChannelArn: channel, ChimeBearer: alice }))).toMatchObject({ status: 503 })
      expect(await refusal(say(world, alice, channel))).toMatchObject({ status: 503 })
    }
    expect((await fetch(`${world.app.url}/health`)).status).toBe(503)
    await psql('select pg_promote()')
    await expect.poll(async () => (await fetch(`${world.app.url}/health`)).status).toBe(200)
    await crowd(world, alice, channels, 10)
  })
})

describe.skipIf(!hasPgbouncer)('PgBouncer, as docs/postgresql.md configures it,', () => {
  const [configuration = ''] = blocks('PgBouncer', 'ini')
  const [, users = ''] = /userlist\.txt`, [^\n]*\n\n```\n([^]*?)```/.exec(page) ?? []
  // Few connections to PostgreSQL, so that transactions of one server have to share them.
  const few = configuration.replace('default_pool_size = 20', 'default_pool_size = 5')
  beforeAll(async () => psql(blocks('PgBouncer', 'sql')[0]!))

  test('in transaction mode lets two servers do everything that they do without it, and events arrive', async () => {
    const bouncer = await startPgbouncer(few, users, port)
    const { world, alice, channels } = await startServer(urlOf(bouncer))
    const second = await startWorld('postgres', { databaseUrl: urlOf(bouncer) })
    onTestFinished(() => second.close())
    const session = await listen(world.app, alice)
    await Promise.all([crowd(world, alice, channels, 60), crowd(second, alice, channels, 60)])
    const MessageId = await say(world, alice, channels[0]!, 'the last one')
    for (;;) if ((await session.next()).payload?.MessageId === MessageId) break
    expect((await fetch(`${second.app.url}/health`)).status).toBe(200)
  })

  test('in transaction mode does not make a wait for a lock longer', async () => {
    const bouncer = await startPgbouncer(few, users, port)
    const { world, alice, channels } = await startServer(urlOf(bouncer))
    const [locked, other] = channels as [string, string]
    const client = new Client({ connectionString: urlOf(port) })
    await client.connect()
    onTestFinished(() => client.end())
    await client.query('begin')
    await client.query('select 1 from channels where external_id = $1 for update', [locked.slice(locked.lastIndexOf('/') + 1)])
    const waiting = Array.from({ length: 10 }, () => refusal(say(world, alice, locked)))
    const { messaging } = clientsOf(world.app)
    onTestFinished(() => messaging.destroy())
    await crowd({ ...world, messaging }, alice, [other], 10)
    for (const shown of await Promise.all(waiting)) expect(shown).toMatchObject({ status: 503, reason: expect.stringContaining('locked') })
    await client.query('rollback')
    await say(world, alice, locked)
  })

  test('works in session mode', async () => {
    const bouncer = await startPgbouncer(configuration.replace('pool_mode = transaction', 'pool_mode = session'), users, port)
    const { world, alice, channels } = await startServer(urlOf(bouncer))
    await expect(crowd(world, alice, channels, 20)).resolves.toBeUndefined()
  })

  test('in statement mode keeps the server from starting, and the start says why', async () => {
    const bouncer = await startPgbouncer(configuration.replace('pool_mode = transaction', 'pool_mode = statement'), users, port)
    await expect(startWorld('postgres', { databaseUrl: urlOf(bouncer) })).rejects.toThrow(
      `PostgreSQL at 127.0.0.1:${bouncer}/carillon cannot be used: transaction blocks not allowed in statement pooling mode.`,
    )
  })
})
