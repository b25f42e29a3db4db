import { spawnSync } from 'node:child_process'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { schemaVersion } from '../../src/database/migrate.ts'
import { storedCertificates } from '../../src/secrets/certificates.ts'
import { readConfig } from '../../src/settings/config.ts'
import { createLog } from '../../src/observe/log.ts'
import { open, patiently, sayAmongMany } from '../api/acts.ts'
import { startPostgres, type OwnPostgres } from '../support/postgres.ts'
import { keyVariables, main, rootKey, run, safeKeyVariables, serve } from '../support/process.ts'
import { listen } from '../support/sockets.ts'
import { clientsOf, createPostgresDatabase, makersOf, refusal, startWorld } from '../support/world.ts'
import { unavailable } from './unavailable.ts'

/** A server on that database, and the warnings that its process prints. */
async function warnings(databaseUrl: string): Promise<string[]> {
  const warned: string[] = []
  const hear = ({ message }: Error) => void warned.push(message)
  process.on('warning', hear)
  try {
    const world = await startWorld('postgres', { databaseUrl })
    try {
      const { user } = await world.appInstance(['alice'])
      const ChannelArn = (
        await world.messaging.createChannel({ AppInstanceArn: user('').replace('/user/', ''), Name: 'x', ChimeBearer: user('alice') })
      ).ChannelArn!
      const send = async (Content: string) =>
        world.messaging.sendChannelMessage({
          ChannelArn,
          Content,
          Type: 'STANDARD',
          Persistence: 'PERSISTENT',
          ChimeBearer: user('alice'),
        })
      await Promise.all(Array.from({ length: 20 }, async (_, index) => send(String(index))))
    } finally {
      await world.close()
    }
  } finally {
    process.off('warning', hear)
  }
  return warned
}

describe('sslmode', () => {
  let folder: string
  let postgres: OwnPostgres
  beforeAll(async () => {
    // In the root of the temporary files, because PostgreSQL may run as another user.
    folder = await mkdtemp(join(tmpdir(), 'carillon-tls-'))
    const { cert, key } = await storedCertificates(folder, readConfig({}, {}), createLog('silent'))
    const own = join(folder, 'postgres-key.pem')
    await copyFile(key, own)
    if (process.getuid?.() === 0) spawnSync('sh', ['-c', `chmod 755 ${folder} && chown nobody ${own}`])
    postgres = await startPostgres(['-c', 'ssl=on', '-c', `ssl_cert_file=${cert}`, '-c', `ssl_key_file=${own}`])
    return async () => {
      await postgres.remove()
      await rm(folder, { recursive: true, force: true })
    }
  })
  const url = (query: string) => `${postgres.url.replace('127.0.0.1', 'localhost')}?${query}`
  const isEncrypted = async () => {
    const client = new Client({ connectionString: postgres.url })
    await client.connect()
    try {
      return (await client.query(`select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'carillon'`)).rows
    } finally {
      await client.end()
    }
  }

  test.each(['sslmode=disable', 'sslmode=require', 'sslmode=verify-ca&sslrootcert=CA', 'sslmode=verify-full&sslrootcert=CA'])(
    'with %s the server works, and nothing warns',
    async query => {
      expect(await warnings(url(query.replace('CA', join(folder, 'ca.pem'))))).toEqual([])
    },
  )

  test('every mode but disable is encrypted', async () => {
    for (const [query, ssl] of [
      ['sslmode=disable', false],
      ['sslmode=require', true],
    ] as const) {
      const world = await startWorld('postgres', { databaseUrl: url(query) })
      const rows = await isEncrypted()
      await world.close()
      expect(rows.length).toBeGreaterThan(0)
      expect(new Set(rows.map(({ ssl }: { ssl: boolean }) => ssl))).toEqual(new Set([ssl]))
    }
  })

  test.each([
    ['sslmode=verify-full', /^PostgreSQL at localhost:\d+\/postgres cannot be used: .*certificate.*\.$/],
    ['sslmode=verify-full&sslrootcert=/nowhere', /^PostgreSQL at localhost:\d+\/postgres cannot be used: ENOENT.*\/nowhere'\.$/],
    ['sslmode=prefer', /^--database-url must have one of disable, require, verify-ca, verify-full as its sslmode, not 'postgresql:\/\/…@/],
    ['sslmode=verify-ca', /^--database-url must have sslrootcert, the file of a CA, beside sslmode=verify-ca, not '/],
  ])('with %s the start fails and says what is wrong', async (query, sentence) => {
    await expect(startWorld('postgres', { databaseUrl: url(query) })).rejects.toThrow(sentence)
  })
})

test('a role without rights gets the grant that it needs in the error, and works once it is granted', async () => {
  const url = new URL(await createPostgresDatabase())
  const database = url.pathname.slice(1)
  const admin = new Client({ connectionString: url.href })
  await admin.connect()
  const role = `role of ${database}`
  await admin.query(`create role "${role}" login password 'secret'`)
  await admin.query('revoke all on schema public from public')
  onTestFinished(async () => {
    await admin.query(`drop owned by "${role}"`)
    await admin.query(`drop role "${role}"`)
    await admin.end()
  })
  url.username = role
  url.password = 'secret'
  const start = async () => startWorld('postgres', { databaseUrl: url.href })
  const refusal = await start().then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  )
  expect(refusal).toMatch(
    `PostgreSQL denies the role "${role}" a right that it needs in the database ${database}: no schema has been selected to create in.`,
  )
  const [grant] = /grant [^;]*/.exec(refusal!)!
  await admin.query(grant)
  const world = await start()
  await world.appInstance(['alice'])
  await world.close()
})

/** Makes a role that may use the schema, and lets the URL log in as that role with the password `first`. */
async function asNewRole(url: URL) {
  const admin = new Client({ connectionString: url.href })
  await admin.connect()
  const role = `role_of_${url.pathname.slice(1)}`
  await admin.query(`create role ${role} login password 'first'`)
  await admin.query(`grant usage, create on schema public to ${role}`)
  onTestFinished(async () => {
    await admin.query(`drop owned by ${role}`)
    await admin.query(`drop role ${role}`)
    await admin.end()
  })
  url.username = role
  url.password = 'first'
  return { admin, role }
}

test('a start on a connection limit that is too small says how many a server opens, and carillon doctor says which limit and how to raise it', async () => {
  const url = new URL(await createPostgresDatabase())
  const { admin, role } = await asNewRole(url)
  // A session of another program.
  const other = new Client({ connectionString: url.href })
  // Carillon's own sessions do not count as those of others, whatever their name is.
  url.searchParams.set('application_name', 'chat')
  const first = await startWorld('postgres', { databaseUrl: url.href })
  await first.close()
  const doctor = async () => run(process.execPath, [main, 'doctor', '--database-url', url.href, '--no-tls'], { env: safeKeyVariables })
  expect((await doctor()).stdout).toContain('good: PostgreSQL has enough connections: a node opens up to 12.\n')

  await admin.query(`alter role ${role} connection limit 0`)
  await expect(startWorld('postgres', { databaseUrl: url.href })).rejects.toThrow(
    new RegExp(`too many connections for role "${role}"; a server opens up to 12 connections \\(docs/postgresql\\.md\\)`),
  )
  await admin.query(`alter role ${role} connection limit 12`)
  await other.connect()
  const tight = await doctor()
  await other.end()
  expect(tight.code).toBe(1)
  expect(tight.stdout).toContain(`fault: The role ${role} may have 12 connections, of which others use 1; a node opens up to 12.\n`)
  const [raise] = /alter role \S+ connection limit \d+/.exec(tight.stdout)!
  await admin.query(raise)
  expect((await doctor()).stdout).toContain('good: PostgreSQL has enough connections: a node opens up to 12.\n')
})

test('tables of another role are reported, with how to change their owner', async () => {
  const url = new URL(await createPostgresDatabase())
  const first = await startWorld('postgres', { databaseUrl: url.href })
  await first.close()
  const { role } = await asNewRole(url)
  await expect(startWorld('postgres', { databaseUrl: url.href })).rejects.toThrow(
    new RegExp(
      `^PostgreSQL denies the role ${role} a right that it needs .*: permission denied for table schema_versions\\..*reassign owned by OTHER to ${role}\\.$`,
    ),
  )
})

/** The database of that URL after the statement. */
async function changed(url: string, statement: (database: string) => string) {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(statement(client.database!))
  await client.end()
}

test.each(['create table messages (x integer)', 'create table schema_versions (x integer)'])(
  'tables of another program are reported as such: %s',
  async statement => {
    const databaseUrl = await createPostgresDatabase()
    await changed(databaseUrl, () => statement)
    await expect(startWorld('postgres', { databaseUrl })).rejects.toThrow(
      /^The schema public has tables of another program: .*\. Give Carillon a database or a schema of its own, as docs\/postgresql\.md describes\.$/,
    )
  },
)

test('a database with an encoding other than UTF8 is refused, and carillon doctor reports one that has tables already', async () => {
  const url = new URL(await createPostgresDatabase())
  url.pathname += '_latin'
  const create = `create database ${url.pathname.slice(1)} encoding 'LATIN1' locale 'C' template template0`
  await changed(url.href.replace('_latin', ''), () => create)
  await expect(startWorld('postgres', { databaseUrl: url.href })).rejects.toThrow(
    /^The database \w+ has the encoding LATIN1, and Carillon needs UTF8: create it with encoding 'UTF8' template template0,/,
  )
  // As an older version made it.
  await changed(url.href, () => 'create table schema_versions (version integer primary key, applied_at bigint); create table nodes (x int)')
  await changed(url.href, () => `insert into schema_versions values (${schemaVersion}, 0)`)
  const { code, stdout } = await run(process.execPath, [main, 'doctor', '--database-url', url.href, '--no-tls'], { env: safeKeyVariables })
  expect([code, stdout]).toEqual([1, expect.stringContaining('fault: The database has the encoding LATIN1, in which')])
})

test('idle_session_timeout of the database ends no connection of a server', async () => {
  const databaseUrl = await createPostgresDatabase({ made: true })
  await changed(databaseUrl, database => `alter database ${database} set idle_session_timeout = '200ms'`)
  const world = await startWorld('postgres', { databaseUrl })
  onTestFinished(() => world.close())
  const client = new Client({ connectionString: databaseUrl, options: '-c idle_session_timeout=0' })
  await client.connect()
  onTestFinished(() => client.end())
  const idle = `select 1 from pg_stat_activity
    where datname = current_database() and application_name = 'carillon' and state = 'idle' and now() - state_change > interval '400 ms'`
  await expect.poll(async () => (await client.query(idle)).rowCount).toBeGreaterThan(0)
})

test('a database that accepts no writes is refused with the reason, and carillon doctor says so', async () => {
  const databaseUrl = await createPostgresDatabase({ made: true })
  await changed(databaseUrl, database => `alter database ${database} set default_transaction_read_only = on`)
  await expect(startWorld('postgres', { databaseUrl })).rejects.toThrow(
    /cannot be used: it is a standby, or its default_transaction_read_only is on\.$/,
  )
  const flags = ['--database-url', databaseUrl, '--no-tls', '--nats-url', 'nats://127.0.0.1:1']
  const { code, stdout } = await run(process.execPath, [main, 'doctor', ...flags], { env: safeKeyVariables })
  expect([code, stdout]).toEqual([1, expect.stringMatching(/^fault: The database accepts no writes\.\n.*default_transaction_read_only/m)])
})

test('a database whose default is another isolation level fails no concurrent call', async () => {
  const databaseUrl = await createPostgresDatabase({ made: true })
  await changed(databaseUrl, database => `alter database ${database} set default_transaction_isolation = 'serializable'`)
  const world = await startWorld('postgres', { databaseUrl })
  onTestFinished(() => world.close())
  const { user } = await world.appInstance(['alice'])
  const ChimeBearer = user('alice')
  const ChannelArn = await open(world, ChimeBearer)
  const sendAndEdit = async () => {
    const MessageId = await sayAmongMany(world, ChimeBearer, ChannelArn, 'hello')
    await patiently(async () => world.messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer }))
    await patiently(async () => world.messaging.updateChannelMessage({ ChannelArn, ChimeBearer, MessageId, Content: 'edited' }))
  }
  await expect(Promise.all(Array.from({ length: 60 }, sendAndEdit))).resolves.toHaveLength(60)
})

test('while PostgreSQL does not accept the login any more, calls answer 503, and they work again once it does', async () => {
  const url = new URL(await createPostgresDatabase())
  const { admin, role } = await asNewRole(url)
  const world = await startWorld('postgres', { databaseUrl: url.href })
  onTestFinished(() => world.close())
  const accept = async (password: string) => {
    await admin.query(`alter role ${role} password '${password}'`)
    await admin.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = '${role}'`)
  }
  await accept('second')
  expect(await refusal(world.identity.listAppInstances({}))).toEqual(unavailable)
  expect(await refusal(world.identity.createAppInstance({ Name: 'lost' }))).toEqual(unavailable)
  await accept('first')
  await expect.poll(async () => world.identity.listAppInstances({}).then(({ AppInstances }) => AppInstances, String)).toEqual([])
})

test('an outage floods no log: of many calls and connections some have a warning with its cause, and the rest are counted', async () => {
  const url = new URL(await createPostgresDatabase())
  const { admin, role } = await asNewRole(url)
  const server = serve(['--port', '0', '--database-url', url.href], { env: keyVariables })
  const app = { url: await server.url(), rootKey }
  const { identity } = clientsOf(app)
  onTestFinished(() => identity.destroy())
  const { user } = await makersOf(identity).appInstance(['ann'])
  await admin.query(`alter role ${role} password 'second'`)
  await admin.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = '${role}'`)
  await Promise.all(Array.from({ length: 100 }, async () => refusal(identity.createAppInstance({ Name: 'lost' }))))
  const lines = () => server.stderr.split('\n').filter(line => line.includes('"status":503'))
  await expect.poll(() => lines().length).toBeGreaterThan(0)
  expect(lines().length).toBeLessThan(60)
  for (const line of lines())
    expect(JSON.parse(line)).toMatchObject({
      level: 40,
      why: expect.stringMatching(/password authentication failed|terminat/),
      requestId: expect.anything(),
    })
  // The log has the message of an error and that of its cause in one.
  expect(server.stderr).toMatch(/"err":\{[^\n]*password authentication failed/)
  expect(server.stderr).not.toMatch(/(password authentication failed for user [^:\n]*): \1/)
  const failed = async () => {
    await Promise.allSettled(Array.from({ length: 10 }, async () => listen(app, user('ann'))))
    return server.stderr
  }
  await expect.poll(failed).toMatch(/"level":40,[^\n]*"why":"[^\n]*"leftOut":\d+,"msg":"A connection has failed"/)
})

test('transaction_timeout of the database does not end a start that waits for the migration of another node', async () => {
  const databaseUrl = await createPostgresDatabase()
  await changed(databaseUrl, database => `alter database ${database} set transaction_timeout = '1s'`)
  const other = new Client({ connectionString: databaseUrl })
  await other.connect()
  onTestFinished(() => other.end())
  await other.query(`select pg_advisory_lock(hashtext('carillon schema'))`)
  const starting = startWorld('postgres', { databaseUrl })
  let hasFailed = false
  starting.catch(() => (hasFailed = true))
  const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and now() - xact_start > interval '1.2 s' and datname = current_database()`
  await expect.poll(async () => hasFailed || (await other.query(waiting)).rows.length > 0).toBe(true)
  await other.query(`select pg_advisory_unlock(hashtext('carillon schema'))`)
  const world = await starting
  await world.close()
})
