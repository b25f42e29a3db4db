import { once } from 'node:events'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { rootPrincipal } from '../../src/auth/principal.ts'
import type { AccessKey } from '../../src/auth/signature/signing-key.ts'
import { sts } from '../support/access.ts'
import { Listening, listen, presignedUrl } from '../support/sockets.ts'
import { call } from '../support/signed.ts'
import { raw } from '../support/raw.ts'
import { databaseKinds, onBothDatabases, startWorld, type World, isSpread } from '../support/world.ts'
import { takesLess } from '../support/takes-less.ts'

/** The code and reason with which the server closes a socket of this URL. */
const refusalOf = async (url: string) => {
  const listening = new Listening(url)
  const closed = await listening.closed
  expect(listening.events).toEqual([])
  return closed
}

const unauthorized = (reason: RegExp) => ({ code: 4401, reason: expect.stringMatching(new RegExp(`^Unauthorized: .*${reason.source}`)) })

/** The URL with one parameter of its query changed after signing, or left out. */
function changed(url: string, name: string, value: string | undefined): string {
  const [base, query = ''] = url.split('?')
  const pairs = query.split('&').filter(pair => !pair.startsWith(`${name}=`))
  return `${base}?${(value === undefined ? pairs : [...pairs, `${name}=${value}`]).join('&')}`
}

onBothDatabases('a client that connects', world => {
  const alice = async (): Promise<string> => (await world().appInstance(['alice'])).user('alice')
  const temporary = async () => (await sts(world().app, world().app.rootKey, 'GetSessionToken')).credentials

  test('gets SESSION_ESTABLISHED first and at once', async () => {
    const { events } = await listen(world().app, await alice())
    expect(events).toEqual([
      {
        type: 'SESSION_ESTABLISHED',
        headers: { 'x-amz-chime-event-type': 'SESSION_ESTABLISHED', 'x-amz-chime-message-type': 'SYSTEM' },
        payload: undefined,
      },
    ])
  })

  test('may have ten sessions of its user, each with its own id, and no more', async () => {
    const { app } = world()
    const arn = await alice()
    for (let count = 1; count <= 10; count++) await listen(app, arn)
    expect(await refusalOf(await presignedUrl(app, arn))).toEqual({ code: 4003, reason: 'Forbidden: the user has 10 connections already' })
  })

  test('may connect again once one of the ten sessions of its user has ended', async () => {
    const { app } = world()
    const arn = await alice()
    const [first] = await Promise.all(Array.from({ length: 10 }, () => listen(app, arn)))
    first!.socket.close()
    await first!.closed
    // Ten have connected at once: the next may connect a second later.
    world().advance(1100)
    expect((await listen(app, arn)).events).toHaveLength(1)
  })

  test('with the id of an open session replaces that session, which is closed with 4002', async () => {
    const { app } = world()
    const arn = await alice()
    const older = await listen(app, arn, { sessionId: 'one' })
    const newer = await listen(app, arn, { sessionId: 'one' })
    expect(await older.closed).toEqual({ code: 4002, reason: 'Another connection has the same sessionId' })
    expect(await newer.isAnswered()).toBe(true)
  })

  test('with the session id of another user affects nobody', async () => {
    const { app } = world()
    const first = await listen(app, await alice(), { sessionId: 'one' })
    await listen(app, await alice(), { sessionId: 'one' })
    expect(await first.isAnswered()).toBe(true)
  })

  test('is closed with 4003 on all its sockets when its user is deleted, and cannot connect again', async () => {
    const { app, identity } = world()
    const arn = await alice()
    const sessions = [await listen(app, arn), await listen(app, arn)]
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: arn })
    for (const { closed } of sessions) expect(await closed).toEqual({ code: 4003, reason: 'The user has been deleted' })
    expect(await refusalOf(await presignedUrl(app, arn))).toEqual(unauthorized(/is not the ARN of an existing user/))
  })

  test('is closed when its app instance is deleted, on the sockets of all users', async () => {
    const { app, identity } = world()
    const { arn, user } = await world().appInstance(['alice', 'bob'])
    const sessions = [await listen(app, user('alice')), await listen(app, user('bob'))]
    const other = await listen(app, await alice())
    await identity.deleteAppInstance({ AppInstanceArn: arn })
    for (const { closed } of sessions) expect(await closed).toMatchObject({ code: 4003 })
    expect(other.socket.readyState).toBe(other.socket.OPEN)
  })

  test.each([
    [
      'another secret',
      async (arn: string) => presignedUrl(world().app, arn, { key: { ...world().app.rootKey, secretAccessKey: 'x' } }),
      /signature mismatch/,
    ],
    [
      'an unknown key',
      async (arn: string) => presignedUrl(world().app, arn, { key: { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' } }),
      /no such access key/,
    ],
    ['a user that does not exist', async (arn: string) => presignedUrl(world().app, `${arn}x`), /is not the ARN of an existing user/],
    [
      'a bot',
      async () => presignedUrl(world().app, await world().bot((await world().appInstance()).arn)),
      /not the ARN of an AppInstanceUser/,
    ],
    [
      'a channel',
      async (arn: string) => presignedUrl(world().app, arn.replace('/user/', '/channel/')),
      /not the ARN of an AppInstanceUser/,
    ],
    ['no user', async () => presignedUrl(world().app, ''), /not the ARN of an AppInstanceUser/],
    ['no session id', async (arn: string) => presignedUrl(world().app, arn, { sessionId: '' }), /sessionId is missing/],
    ['an expired URL', async (arn: string) => presignedUrl(world().app, arn, { date: new Date(Date.now() - 311_000) }), /URL expired/],
    [
      'another user after signing',
      async (arn: string) => changed(await presignedUrl(world().app, arn), 'userArn', encodeURIComponent(`${arn}2`)),
      /signature mismatch/,
    ],
    ['a second user', async (arn: string) => `${await presignedUrl(world().app, arn)}&userArn=x`, /userArn occurs twice/],
    [
      'a longer lifetime after signing',
      async (arn: string) => changed(await presignedUrl(world().app, arn), 'X-Amz-Expires', '900'),
      /signature mismatch/,
    ],
    [
      'no signature',
      async (arn: string) => changed(await presignedUrl(world().app, arn), 'X-Amz-Signature', undefined),
      /X-Amz-Signature is missing/,
    ],
    ['half a signature', async (arn: string) => changed(await presignedUrl(world().app, arn), 'X-Amz-Signature', 'abc'), /64 hexadecimal/],
    [
      'no algorithm',
      async (arn: string) => changed(await presignedUrl(world().app, arn), 'X-Amz-Algorithm', undefined),
      /X-Amz-Algorithm must be/,
    ],
    [
      'no lifetime',
      async (arn: string) => changed(await presignedUrl(world().app, arn), 'X-Amz-Expires', undefined),
      /X-Amz-Expires must be/,
    ],
    ['no date', async (arn: string) => changed(await presignedUrl(world().app, arn), 'X-Amz-Date', undefined), /X-Amz-Date must read/],
    [
      'no credential',
      async (arn: string) => changed(await presignedUrl(world().app, arn), 'X-Amz-Credential', undefined),
      /Credential must read/,
    ],
    [
      'more signed headers',
      async (arn: string) => changed(await presignedUrl(world().app, arn), 'X-Amz-SignedHeaders', 'host%3Borigin'),
      /X-Amz-SignedHeaders must be host/,
    ],
    [
      'a session token with a long-lived key',
      async (arn: string) => presignedUrl(world().app, arn, { query: { 'X-Amz-Security-Token': 'token' } }),
      /The access key id is a long-lived one: send no X-Amz-Security-Token with it/,
    ],
    [
      'an unknown key',
      async (arn: string) => presignedUrl(world().app, arn, { key: { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' } }),
      /This server has no such access key id/,
    ],
    [
      'temporary credentials whose token is missing',
      async (arn: string) => {
        const { sessionToken: _, ...key } = await temporary()
        return presignedUrl(world().app, arn, { key })
      },
      /The access key id is temporary: its session token \(X-Amz-Security-Token\) is missing/,
    ],
    [
      'temporary credentials whose token is added after signing',
      async (arn: string) => {
        const { sessionToken, ...key } = await temporary()
        return `${await presignedUrl(world().app, arn, { key })}&X-Amz-Security-Token=${encodeURIComponent(sessionToken)}`
      },
      /X-Amz-Security-Token was added after signing: sign the URL with it/,
    ],
    [
      'temporary credentials whose token is added after signing with another secret',
      async (arn: string) => {
        const { sessionToken, ...key } = await temporary()
        const url = await presignedUrl(world().app, arn, { key: { ...key, secretAccessKey: 'other' } })
        return `${url}&X-Amz-Security-Token=${encodeURIComponent(sessionToken)}`
      },
      /signature mismatch/,
    ],
    [
      'temporary credentials whose token is escaped twice',
      async (arn: string) => {
        const { sessionToken, ...key } = await temporary()
        return presignedUrl(world().app, arn, { key: { ...key, sessionToken: encodeURIComponent(sessionToken) } })
      },
      /The session token is garbled: escaped twice, or sent with \+ as a space/,
    ],
    [
      'temporary credentials with the token of other credentials',
      async (arn: string) =>
        presignedUrl(world().app, arn, { key: { ...(await temporary()), sessionToken: (await temporary()).sessionToken } }),
      /The session token does not belong to this access key id and server, or its role or key has been deleted/,
    ],
    ['a broken escape', async (arn: string) => `${await presignedUrl(world().app, arn)}&x=%E0%A4%A`, /percent-escape/],
  ] as const)('with %s is refused with 4401 and the reason', async (_, urlOf, reason) => {
    expect(await refusalOf(await urlOf(await alice()))).toEqual(unauthorized(reason))
  })

  test('with a clock that is ahead is refused with 4401 and the reason', async () =>
    // The date is in whole seconds, and one to two seconds later than the server accepts.
    takesLess(1000, async () => {
      const arn = await alice()
      const start = Date.now()
      const listening = new Listening(await presignedUrl(world().app, arn, { date: new Date(start + 302_000) }))
      onTestFinished(() => listening.socket.terminate())
      const outcome = await Promise.race([listening.closed, once(listening.socket, 'message')])
      const took = Date.now() - start
      const isLate = took >= 1000
      expect(isLate || outcome).toEqual(isLate || unauthorized(/clock ahead/))
      return took
    }))

  test.each([
    ['a clock that is five minutes off', () => ({ date: new Date(Date.now() - 305_000) })],
    ['a lifetime of an hour', () => ({ date: new Date(Date.now() - 3_000_000), expiresIn: 3600 })],
    ['characters that encodeURIComponent leaves', () => ({ sessionId: "s!1*(a)~'b'" })],
    ['unknown parameters', () => ({ query: { 'X-Amzn-Version': '3.32.0', 'X-Amzn-User-Agent': 'chrome-120', other: '' } })],
  ])('with %s gets a session', async (_, asked) => {
    expect((await listen(world().app, await alice(), asked())).events).toHaveLength(1)
  })

  test('without a WebSocket gets an error that says so', async () => {
    const { app } = world()
    const answered = await call(app.url, app.rootKey, { path: '/connect' })
    expect(answered.status).toBe(426)
    expect(answered.headers.get('x-amzn-errortype')).toBe('UpgradeRequiredException')
    expect(answered.headers.get('upgrade')).toBe('websocket')
    const h2c = `GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`
    expect(await raw(app.url, h2c)).toMatchObject({ status: 200 })
    const elsewhere = `GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
    expect(await raw(app.url, elsewhere)).toMatchObject({ status: 404 })
  })
})

// Several nodes share the rate a few times a second, so it is not exact (test/nodes/sessions.test.ts).
describe.skipIf(isSpread).each(databaseKinds)('a user that connects too often, with the clock stopped, on %s', kind => {
  let clock = Date.now()
  let world: World
  beforeAll(async () => {
    world = await startWorld(kind, {}, { now: () => clock })
    return () => world.close()
  })
  const alice = async (): Promise<string> => (await world.appInstance(['alice'])).user('alice')

  test('is established ten times at once, and then gets 1013', async () => {
    const { app } = world
    const arn = await alice()
    for (let count = 1; count <= 10; count++) {
      const { socket, closed } = await listen(app, arn)
      socket.close()
      await closed
    }
    const tooMany = new Listening(await presignedUrl(app, arn))
    expect((await tooMany.next()).type).toBe('SESSION_ESTABLISHED')
    expect(await tooMany.closed).toMatchObject({ code: 1013, reason: expect.stringMatching(/connects too often/) })
    clock += 1100
    const [later, last] = [await listen(app, arn), new Listening(await presignedUrl(app, arn))]
    expect(await last.closed).toMatchObject({ code: 1013 })
    expect(later.socket.readyState).toBe(later.socket.OPEN)
  })

  test('keeps its session if a new connection with the same session id is refused', async () => {
    const { app } = world
    const arn = await alice()
    const [first] = await Promise.all(Array.from({ length: 10 }, (_, number) => listen(app, arn, { sessionId: `${number}` })))
    const tooMany = new Listening(await presignedUrl(app, arn, { sessionId: '0' }))
    expect(await tooMany.closed).toMatchObject({ code: 1013 })
    expect(first!.socket.readyState).toBe(first!.socket.OPEN)
  })
})

/** A world for one test only. */
async function ownWorld(settings: Record<string, string> = {}, surroundings: Parameters<typeof startWorld>[2] = {}): Promise<World> {
  return startWorld('sqlite', settings, surroundings)
}

test('a user that may have forty connections is established forty times at once, and then gets 1013', async () => {
  const start = Date.now()
  const world = await ownWorld({ connectionsPerUser: '40' }, { now: () => start })
  onTestFinished(() => world.close())
  const { user } = await world.appInstance(['alice'])
  const sockets = await Promise.all(Array.from({ length: 40 }, async () => listen(world.app, user('alice'))))
  sockets[0]!.socket.close()
  await sockets[0]!.closed
  const tooMany = new Listening(await presignedUrl(world.app, user('alice')))
  expect(await tooMany.closed).toMatchObject({ code: 1013, reason: expect.stringMatching(/connects too often/) })
})

test('a server that closes sends its sockets 1012, and the close delays nobody', async () =>
  // A client that does not answer the close has five seconds.
  takesLess(4500, async () => {
    const world = await ownWorld()
    const { user } = await world.appInstance(['alice'])
    const alice = await listen(world.app, user('alice'))
    const start = Date.now()
    await world.close()
    expect(await alice.closed).toEqual({ code: 1012, reason: 'The server restarts' })
    return Date.now() - start
  }))

test('an eleventh connection gets 4003, although the connect rate is exceeded as well', async () => {
  // A clock that does not move fills no bucket.
  const start = Date.now()
  for (const settings of [{}, { rateLimits: 'aws', connectRate: '10' }]) {
    const world = await ownWorld(settings, { now: () => start })
    const { user } = await world.appInstance(['alice'])
    const [first] = await Promise.all(Array.from({ length: 10 }, async () => listen(world.app, user('alice'))))
    expect(await refusalOf(await presignedUrl(world.app, user('alice')))).toMatchObject({ code: 4003 })
    first!.socket.close()
    await first!.closed
    const tooOften = new Listening(await presignedUrl(world.app, user('alice')))
    expect(await tooOften.closed).toMatchObject({ code: 1013 })
    await world.close()
  }
})

test('a signature for the public host is valid beside one for the host of the request', async () => {
  const world = await ownWorld({ publicWsHost: 'chat.example.com' })
  const { user } = await world.appInstance(['alice'])
  const signed = await presignedUrl({ url: 'http://chat.example.com:80', rootKey: world.app.rootKey }, user('alice'))
  await new Listening(signed.replace('ws://chat.example.com', world.app.url.replace('http', 'ws'))).next()
  const other = await presignedUrl({ url: 'http://other.example.com:80', rootKey: world.app.rootKey }, user('alice'))
  expect(await refusalOf(other.replace('ws://other.example.com', world.app.url.replace('http', 'ws')))).toMatchObject({ code: 4401 })
  await world.close()
})

test('a disabled key closes its sockets, and an expired one with a code that clients retry', async () => {
  const keys = new Map<string, AccessKey>()
  const keep = (accessKeyId: string, more: Partial<AccessKey> = {}) => {
    const key = { accessKeyId, secretAccessKey: 'secret', principal: rootPrincipal('000000000000'), ...more }
    keys.set(accessKeyId, key)
    return key
  }
  const world = await ownWorld({}, { keys: id => keys.get(id) })
  const { user } = await world.appInstance(['alice'])
  const withdrawn = await listen(world.app, user('alice'), { key: keep('AKIAWITHDRAWN') })
  const temporary = keep('ASIAEXPIRING', { expiresAt: Date.now() + 3_600_000 })
  const expiring = await listen(world.app, user('alice'), { key: temporary })
  const lasting = await listen(world.app, user('alice'))
  keys.delete('AKIAWITHDRAWN')
  Object.assign(temporary, { expiresAt: Date.now() })
  expect(await withdrawn.closed).toEqual({ code: 4401, reason: 'Unauthorized: the access key is no longer valid' })
  expect(await expiring.closed).toEqual({ code: 1001, reason: 'The credentials have expired' })
  expect(lasting.socket.readyState).toBe(lasting.socket.OPEN)
  await world.close()
})
