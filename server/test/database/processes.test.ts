import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { keyVariables, rootKey, serve, serveFails, temporaryFolder } from '../support/process.ts'
import { clientsOf, createPostgresDatabase, databaseKinds, type DatabaseKind } from '../support/world.ts'

interface Place {
  readonly flags: readonly string[]
  /** Runs SQL on the database while no server uses it. */
  readonly query: (sql: string) => Promise<readonly object[]>
}

/** An empty database. */
async function emptyPlace(kind: DatabaseKind): Promise<Place> {
  if (kind === 'postgres') {
    const url = await createPostgresDatabase()
    const query = async (sql: string) => {
      const client = new Client({ connectionString: url })
      await client.connect()
      try {
        const { rows }: { rows: object[] } = await client.query(sql)
        return rows
      } finally {
        await client.end()
      }
    }
    return { flags: ['--database-url', url], query }
  }
  const folder = await temporaryFolder()
  const query = async (sql: string) => {
    const database = new DatabaseSync(join(folder, 'carillon.db'))
    try {
      return database.prepare(sql).all()
    } finally {
      database.close()
    }
  }
  return { flags: ['--data', folder], query }
}

const start = ({ flags }: Place) => serve(['--port', '0', ...flags], { env: keyVariables })

describe.each(databaseKinds)('processes on %s', kind => {
  test('a start migrates an empty database, and a second one has nothing to do', async () => {
    const place = await emptyPlace(kind)
    const versions = async () => (await place.query('select version from schema_versions order by version')).map(row => ({ ...row }))
    const server = start(place)
    await server.url()
    const applied = await versions()
    expect(applied[0]).toEqual({ version: 1 })
    server.kill('SIGTERM')
    await server.exit()
    await start(place).url()
    expect(await versions()).toEqual(applied)
  })

  // On SQLite only one server may run: test/cli/data-folder.test.ts.
  test.runIf(kind === 'postgres')('four servers that start at once all run, and see what the others store', async () => {
    const place = await emptyPlace(kind)
    const servers = Array.from({ length: 4 }, () => start(place))
    const worlds = (await Promise.all(servers.map(server => server.url()))).map(url => clientsOf({ url, rootKey: { ...rootKey } }))
    await Promise.all(worlds.map(({ identity }, index) => identity.createAppInstance({ Name: `of ${index}` })))
    for (const { identity, messaging } of worlds) {
      const { AppInstances = [] } = await identity.listAppInstances({})
      expect(AppInstances.map(({ Name = '' }) => Name).toSorted()).toEqual(['of 0', 'of 1', 'of 2', 'of 3'])
      identity.destroy()
      messaging.destroy()
    }
  })

  test('a database that a newer Carillon has migrated is refused with one line and left as it is', async () => {
    const place = await emptyPlace(kind)
    const server = start(place)
    await server.url()
    server.kill('SIGTERM')
    await server.exit()
    await place.query('insert into schema_versions (version, applied_at) values (999, 0)')
    expect(await serveFails(['--port', '0', ...place.flags], { env: keyVariables })).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^carillon: [^\n]*was written by a newer Carillon \(schema version 999; this one supports versions up to \d+\)\.[^\n]*\n$/,
      ),
    })
    await place.query('delete from schema_versions where version = 999')
    await start(place).url()
  })

  test('after kill -9 during a stream of sends every acknowledged message is there, once', async () => {
    const place = await emptyPlace(kind)
    const server = start(place)
    const before = clientsOf({ url: await server.url(), rootKey: { ...rootKey } })
    const { AppInstanceArn } = await before.identity.createAppInstance({ Name: 'x' })
    const { AppInstanceUserArn: ChimeBearer } = await before.identity.createAppInstanceUser({
      AppInstanceArn,
      AppInstanceUserId: 'a',
      Name: 'a',
    })
    const channels = await Promise.all(
      Array.from(
        { length: 4 },
        async (_, index) => (await before.messaging.createChannel({ AppInstanceArn, Name: `${index}`, ChimeBearer })).ChannelArn!,
      ),
    )

    const acknowledged = new Map<string, string>()
    let sent = 0
    const death = new AbortController()
    const stream = async (ChannelArn: string) => {
      while (!death.signal.aborted) {
        const Content = `message ${sent++}`
        try {
          const { MessageId } = await before.messaging.sendChannelMessage({
            ChannelArn,
            Content,
            Type: 'STANDARD',
            Persistence: 'PERSISTENT',
            ChimeBearer,
          })
          acknowledged.set(`${ChannelArn} ${MessageId}`, Content)
        } catch {
          return
        }
      }
    }
    const streams = [...channels, ...channels, ...channels, ...channels].map(stream)
    while (acknowledged.size < 100) await setTimeout(5)
    server.kill('SIGKILL')
    expect(await server.exit()).toBe('SIGKILL')
    death.abort()
    await Promise.all(streams)

    const after = clientsOf({ url: await start(place).url(), rootKey: { ...rootKey } })
    const found = new Map<string, string>()
    let listed = 0
    for (const ChannelArn of channels) {
      for (let NextToken: string | undefined, isLast = false; !isLast; isLast = NextToken === undefined) {
        const page = await after.messaging.listChannelMessages({ ChannelArn, ChimeBearer, MaxResults: 50, ...(NextToken && { NextToken }) })
        for (const { MessageId, Content = '' } of page.ChannelMessages ?? []) found.set(`${ChannelArn} ${MessageId}`, Content)
        listed += page.ChannelMessages?.length ?? 0
        NextToken = page.NextToken
      }
    }
    expect([...acknowledged].filter(([id, content]) => found.get(id) !== content)).toEqual([])
    expect([found.size, new Set(found.values()).size]).toEqual([listed, listed])
    expect(listed).toBeLessThanOrEqual(sent)
    for (const client of [before.identity, before.messaging, after.identity, after.messaging]) client.destroy()
  })
})
