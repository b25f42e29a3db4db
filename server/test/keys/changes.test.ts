import { setTimeout } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { App } from '../../src/app.ts'
import { statement } from '../../src/database/database.ts'
import { changeAccessKey, removeAccessKey } from '../../src/keys/access-keys.ts'
import { changeIamRole, removeIamRole } from '../../src/keys/iam-roles.ts'
import { allowing, followed, makeKey, makeRole, sts } from '../support/access.ts'
import { call, type SigningKey } from '../support/signed.ts'
import { listen } from '../support/sockets.ts'
import { clientsOf, createPostgresDatabase, databaseKinds, startWorld, type World } from '../support/world.ts'

/** Two nodes on one PostgreSQL database; on SQLite one node is both. */
async function twoNodes(kind: (typeof databaseKinds)[number]): Promise<[World, World]> {
  const place: Record<string, string> = kind === 'postgres' ? { databaseUrl: await createPostgresDatabase() } : {}
  const first = await startWorld(kind, place)
  const second = kind === 'postgres' ? await startWorld(kind, place) : first
  onTestFinished(async () => {
    await first.close()
    if (second !== first) await second.close()
  })
  return [first, second]
}

async function outcome({ app }: World, key: SigningKey, ChimeBearer: string) {
  const { messaging, identity } = clientsOf(app, key)
  try {
    await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer })
    return 'allowed'
  } catch (error) {
    return (error as Error).name
  } finally {
    messaging.destroy()
    identity.destroy()
  }
}

describe.each(databaseKinds)('what a command has just created or changed, on %s', kind => {
  test('works at once on every node: keys, over REST, on sockets and for STS', async () => {
    const nodes = await twoNodes(kind)
    const { user } = await nodes[0].appInstance(['alice'])
    for (let round = 0; round < 5; round++) {
      const key = await makeKey(nodes[0], allowing(['*', '*']))
      expect(await Promise.all(nodes.map(node => outcome(node, key, user('alice'))))).toEqual(['allowed', 'allowed'])
      const bySocket = await makeKey(nodes[0], allowing(['*', '*']))
      await Promise.all(nodes.map(node => listen(node.app, user('alice'), { key: bySocket })))
      const bySts = await makeKey(nodes[0], allowing(['*', '*']))
      for (const { app } of nodes) expect((await sts(app, bySts, 'GetCallerIdentity')).status).toBe(200)
      await changeAccessKey(nodes[0].app.db, bySts.accessKeyId, () => ({ disabledAt: Date.now() }))
      await expect.poll(() => outcome(nodes[1], bySts, user('alice'))).toBe('UnrecognizedClientException')
      await changeAccessKey(nodes[0].app.db, bySts.accessKeyId, () => ({ disabledAt: undefined }))
      expect(await outcome(nodes[1], bySts, user('alice'))).toBe('allowed')
    }
  })

  test('works at once on every node: roles, what they allow, and credentials that another node has given', async () => {
    const [first, second] = await twoNodes(kind)
    const { user } = await first.appInstance(['alice'])
    const key = await makeKey(first, allowing(['sts:*', '*']))
    const trust = { principals: [key.accessKeyId] }
    const assume = async ({ app }: { app: App }, RoleArn: string, more: Record<string, string> = {}) =>
      sts(app, key, 'AssumeRole', { RoleArn, RoleSessionName: 'at-once', ...more })
    for (let round = 0; round < 5; round++) {
      const name = `role-${round}`
      const arn = await makeRole(first, name, { trust, policy: allowing(['chime:ListChannels', '*']) })
      const { credentials } = await assume(first, arn)
      expect(await outcome(second, credentials, user('alice'))).toBe('AccessDeniedException')
      const change = (changed: Parameters<typeof makeRole>[2]) =>
        changeIamRole(first.app.db, name, role => ({ ...role, ...changed, trust: role.trust }), Date.now())
      await change({ policy: allowing(['chime:List*', '*']) })
      expect(await outcome(second, credentials, user('alice'))).toBe('allowed')
      await expect(listen(second.app, user('alice'), { key: credentials })).rejects.toThrow('chime:Connect')
      await change({ policy: allowing(['chime:*', '*']) })
      await listen(second.app, user('alice'), { key: credentials })
      expect((await assume(second, arn, { DurationSeconds: '7200' })).value('Code')).toBe('ValidationError')
      await change({ longestSeconds: 7200 })
      expect((await assume(second, arn, { DurationSeconds: '7200' })).status).toBe(200)
    }
  })
})

/** Counts how often all keys or all roles are read. */
function wholeReadsOf({ app }: World) {
  const { db } = app
  const all = db.all.bind(db)
  let reads = 0
  db.all = (async (...args: Parameters<typeof all>) => {
    if (/from (?:access_keys|iam_roles) order by/.test(JSON.stringify(args[0]))) reads++
    return all(...args)
  }) as typeof db.all
  return () => reads
}

describe.each(databaseKinds)('keys and roles in memory, on %s', kind => {
  test('follow each change by reading only what it has changed, on every node', async () => {
    const [first, second] = await twoNodes(kind)
    const { user } = await first.appInstance(['alice'])
    const old = await makeKey(first, allowing(['*', '*']))
    await Promise.all([first, second].map(followed))
    const reads = [first, second].map(wholeReadsOf)
    for (let round = 0; round < 3; round++) {
      const key = await makeKey(first, allowing(['sts:*', '*']))
      expect(await outcome(second, key, user('alice'))).toBe('AccessDeniedException')
      await changeAccessKey(first.app.db, key.accessKeyId, () => ({ policy: allowing(['*', '*']) }))
      expect(await outcome(second, key, user('alice'))).toBe('allowed')
      const arn = await makeRole(first, 'temporary', { trust: { principals: [key.accessKeyId] } })
      const assume = async () => sts(second.app, key, 'AssumeRole', { RoleArn: arn, RoleSessionName: 'short' })
      const { credentials } = await assume()
      expect(await outcome(first, credentials, user('alice'))).toBe('allowed')
      await removeIamRole(first.app.db, 'temporary')
      await expect.poll(() => outcome(second, credentials, user('alice'))).toBe('UnrecognizedClientException')
      expect((await assume()).status).toBe(403)
      await removeAccessKey(first.app.db, key.name)
      await expect.poll(() => outcome(second, key, user('alice'))).toBe('UnrecognizedClientException')
      expect(await outcome(second, old, user('alice'))).toBe('allowed')
    }
    expect(reads.map(count => count())).toEqual([0, 0])
  })

  test('are all read if it is not recorded what has changed, as by a node of an older version', async () => {
    const [first, second] = await twoNodes(kind)
    const { user } = await first.appInstance(['alice'])
    const [one, other] = [await makeKey(first, allowing(['*', '*'])), await makeKey(first, allowing(['*', '*']))]
    for (const key of [one, other]) expect(await outcome(second, key, user('alice'))).toBe('allowed')
    const reads = [first, second].map(wholeReadsOf)
    await first.app.db.transaction(async tx => {
      await tx.run(statement('update access_version set version = version + 1 where id = 1'))
      await tx.run(statement('update access_keys set disabled_at = 1 where id = $1'), one.accessKeyId)
    })
    // A recorded change that follows does not hide it.
    await changeAccessKey(first.app.db, other.accessKeyId, () => ({ policy: allowing(['sts:*', '*']) }))
    await expect.poll(() => outcome(second, one, user('alice'))).toBe('UnrecognizedClientException')
    expect(await outcome(second, other, user('alice'))).toBe('AccessDeniedException')
    await makeKey(first, allowing(['*', '*']))
    await Promise.all([first, second].map(followed))
    expect(await outcome(second, one, user('alice'))).toBe('UnrecognizedClientException')
    for (const count of reads) expect(count()).toBeGreaterThan(0)
  })
})

const unknown = () => ({ accessKeyId: `AKIA${Math.random().toString(32).slice(2).toUpperCase()}`, secretAccessKey: 'x' })

/** Counts how often the database is queried for changes. */
function looksOf({ app }: World) {
  const { db } = app
  const get = db.get.bind(db)
  let looks = 0
  db.get = (async (...args: Parameters<typeof get>) => {
    if (JSON.stringify(args[0]).includes('access_version')) looks++
    return get(...args)
  }) as typeof db.get
  return () => looks
}

test('however many unknown keys are used, the database is queried at most fifty times a second', async () => {
  const world = await startWorld('sqlite')
  onTestFinished(() => world.close())
  const looks = looksOf(world)
  const start = performance.now()
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(Array.from({ length: 60 }, () => call(world.app.url, unknown(), { path: '/channels' })))
    for (const { status, text } of answers) expect([status, text]).toEqual([403, expect.stringContaining('UnrecognizedClient')])
  }
  expect(looks()).toBeGreaterThan(0)
  expect(looks()).toBeLessThanOrEqual(2 + (performance.now() - start) / 20)
})

test('a database that does not answer delays a refusal by a second and no longer', async () => {
  const world = await startWorld('sqlite')
  onTestFinished(() => world.close())
  const { db } = world.app
  const get = db.get.bind(db)
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  db.get = (async (...args: Parameters<typeof get>) => {
    await released
    return get(...args)
  }) as typeof db.get
  const refused = Promise.all(Array.from({ length: 20 }, () => call(world.app.url, unknown(), { path: '/channels' })))
  const answers = await Promise.race([refused, setTimeout(10_000, undefined, { ref: false })])
  expect(answers?.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 403))
  release()
})
