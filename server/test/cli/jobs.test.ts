import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SqliteDatabase } from '../../src/database/sqlite.ts'
import { statement } from '../../src/database/database.ts'
import { keyVariables, main, rootKey, run, serve, temporaryFolder } from '../support/process.ts'
import { clientsOf, createPostgresDatabase, databaseKinds, refusal } from '../support/world.ts'

const jobs = (args: readonly string[], env: Record<string, string> = {}) => run(process.execPath, [main, 'jobs', 'run', ...args], { env })

const refused = (start: string) => ({ code: 1, stdout: '', stderr: expect.stringMatching(new RegExp(`^carillon: ${start}[^\n]*\n$`)) })

test.each(databaseKinds)('a job runs by hand beside a running server, on %s', async kind => {
  const data = await temporaryFolder()
  const flags = kind === 'postgres' ? ['--database-url', await createPostgresDatabase()] : ['--data', data]
  const server = serve(['--port', '0', ...flags], { env: keyVariables })
  const url = await server.url()
  const { identity, messaging } = clientsOf({ url, rootKey })
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'x' })
  const { AppInstanceUserArn: ChimeBearer } = await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: 'u', Name: 'u' })
  const ExpirationSettings = { ExpirationDays: 1, ExpirationCriterion: 'CREATED_TIMESTAMP' } as const
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: 'c', ChimeBearer, ExpirationSettings })

  const busy = Promise.all(
    Array.from({ length: 30 }, async () =>
      messaging.sendChannelMessage({ ChannelArn, ChimeBearer, Content: 'x', Type: 'STANDARD', Persistence: 'PERSISTENT' }),
    ),
  )
  const idle = [
    ['channel-expiration', 'The job channel-expiration has run (expired channels: 0). There was nothing to purge.'],
    ['user-expiration', 'The job user-expiration has run (expired users: 0). There was nothing to purge.'],
    ['retention', 'The job retention has run (rows of messages deleted for good: 0). There was nothing to purge.'],
    ['request-tokens', 'The job request-tokens has run (deleted tokens: 0). There was nothing to purge.'],
    ['purge', 'The job purge has run. There was nothing to purge.'],
  ] as const
  for (const [name, line] of idle) {
    expect(await jobs([name, ...flags], kind === 'postgres' ? {} : keyVariables)).toEqual({ code: 0, stdout: `${line}\n`, stderr: '' })
  }
  await busy
  const { Channel } = await messaging.describeChannel({ ChannelArn, ChimeBearer })
  expect(Channel!.ExpirationSettings).toEqual(ExpirationSettings)

  // Otherwise the server's own job would take a part of the purge.
  server.kill('SIGTERM')
  await server.exit()
  await makeDue(kind === 'postgres' ? flags[1]! : join(data, 'carillon.db'))
  expect(await jobs(['channel-expiration', ...flags])).toEqual({
    code: 0,
    stdout: expect.stringMatching(
      /^The job channel-expiration has run \(expired channels: 1\)\. What was deleted has been purged, in \d+ steps?\.\n$/,
    ),
    stderr: '',
  })
  await serve(['--port', new URL(url).port, ...flags], { env: keyVariables }).url()
  expect(await refusal(messaging.describeChannel({ ChannelArn, ChimeBearer }))).toMatchObject({ name: 'ForbiddenException', status: 403 })
  identity.destroy()
  messaging.destroy()
})

const beforeLong = statement(`update channels set created_at = 1, expires_at = 2`)

/** Makes every channel of a database look old. */
async function makeDue(place: string) {
  if (!place.startsWith('postgres')) {
    const db = await SqliteDatabase.open(place, { prepare: () => {}, follow: () => {} })
    await db.run(beforeLong)
    await db.close()
    return
  }
  const { PostgresDatabase } = await import('../../src/database/postgres.ts')
  const db = await PostgresDatabase.open(place, {
    prepare: async () => {},
    follow: () => {},
    onError: () => {},
    connections: 1,
    storesEvents: false,
  })
  await db.run(beforeLong)
  await db.close()
}

test('an unknown job, no job, and an invalid setting are refused with one line, and no database is created', async () => {
  const data = join(await temporaryFolder(), 'data')
  const results = await Promise.all([
    jobs(['nonsense', '--data', data]),
    jobs(['--data', data]),
    jobs(['purge', '--data', data, '--port', 'x']),
    jobs(['purge', 'retention', '--data', data]),
    run(process.execPath, [main, 'jobs', 'walk']),
  ])
  expect(results).toEqual([
    refused(
      'There is no job nonsense\\. The jobs are purge, balancing, user-expiration, channel-expiration, retention, flow-callbacks, channel-events, request-tokens, unread-corrections, outbox-lanes, dead-pushes\\.',
    ),
    refused("missing required argument 'name'"),
    refused('--port must be '),
    refused('too many arguments'),
    refused("unknown command 'walk'"),
  ])
  await expect(access(data)).rejects.toMatchObject({ code: 'ENOENT' })
})
