import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { raw } from '../../support/raw.ts'
import { signedHeaders } from '../../support/signed.ts'
import { Listening, listen, presignedUrl } from '../../support/sockets.ts'
import { clientsWith, keyRing, type Written } from '../../support/keys.ts'
import { databaseKinds, refusal, startWorld, type World } from '../../support/world.ts'

/** The policy that a back end gives to a browser: act as one user, in any channel (docs/security.md). */
const usual = (app: string, user: string): Written[] => [
  { Action: 'chime:GetMessagingSessionEndpoint', Resource: '*' },
  {
    Action: [
      'chime:Connect',
      'chime:CreateChannel',
      'chime:DescribeChannel',
      'chime:*ChannelMembership*',
      'chime:*ChannelMessage*',
      'chime:UpdateChannelReadMarker',
      'chime:ListChannels',
    ],
    Resource: [user, `${app}/channel/*`],
  },
]

const denied = (action: string, resource: string, arn = 'arn:aws:iam::000000000000:user/tester') => ({
  name: 'AccessDeniedException',
  code: 'AccessDenied',
  status: 403,
  message: `User: ${arn} is not authorized to perform: chime:${action} on resource: ${resource} because no identity-based policy allows the chime:${action} action`,
  reason: expect.stringContaining('No statement with the Effect Allow in a policy of the key or role covers'),
})

/** A message of that user. */
const send = (ChannelArn: string, ChimeBearer: string) =>
  ({ ChannelArn, ChimeBearer, Content: 'x', Type: 'STANDARD', Persistence: 'PERSISTENT' }) as const

describe.each(databaseKinds)('the policy of a user, on %s', kind => {
  const ring = keyRing()
  let world: World
  let app: string
  let user: (id: string) => string
  beforeAll(async () => {
    world = await startWorld(kind, {}, { keys: ring.find })
    ;({ arn: app, user } = await world.appInstance(['alice', 'bob'], { admins: ['boss'] }))
  })
  afterAll(async () => {
    await world.close()
  })

  const channelOf = async (ChimeBearer: string, more: object = {}) =>
    (await world.messaging.createChannel({ AppInstanceArn: app, Name: 'channel', ChimeBearer, ...more })).ChannelArn!

  test('allows acting as that user and as nobody else', async () => {
    const { messaging, identity } = clientsWith(world, ring.keep({ groups: [usual(app, user('alice'))] }))
    const { ChannelArn } = await messaging.createChannel({ AppInstanceArn: app, Name: 'mine', ChimeBearer: user('alice') })
    await messaging.sendChannelMessage(send(ChannelArn!, user('alice')))
    await messaging.createChannelMembership({ ChannelArn, MemberArn: user('bob'), Type: 'DEFAULT', ChimeBearer: user('alice') })
    const { ChannelMemberships } = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('alice') })
    expect(ChannelMemberships).toHaveLength(1)
    expect((await messaging.getMessagingSessionEndpoint({})).Endpoint?.Url).toBeTruthy()

    for (const other of ['bob', 'boss', 'nobody']) {
      expect(await refusal(messaging.sendChannelMessage(send(ChannelArn!, user(other))))).toEqual(denied('SendChannelMessage', user(other)))
    }
    expect(await refusal(messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('bob') }))).toEqual(
      denied('ListChannelMembershipsForAppInstanceUser', user('bob')),
    )
    const elsewhere = `${app.replace(/[^/]+$/, 'other')}/channel/x`
    expect(await refusal(messaging.sendChannelMessage(send(elsewhere, user('alice'))))).toEqual(denied('SendChannelMessage', elsewhere))
    expect(await refusal(messaging.deleteChannel({ ChannelArn, ChimeBearer: user('alice') }))).toEqual(
      denied('DeleteChannel', user('alice')),
    )
    expect(await refusal(identity.createAppInstanceAdmin({ AppInstanceArn: app, AppInstanceAdminArn: user('alice') }))).toEqual(
      denied('CreateAppInstanceAdmin', app),
    )
    expect(await refusal(identity.listAppInstanceUsers({ AppInstanceArn: app }))).toEqual(denied('ListAppInstanceUsers', `${app}/user/*`))
  })

  test('does not grant what the role refuses', async () => {
    const ChannelArn = await channelOf(user('bob'), { Privacy: 'PRIVATE' })
    const { messaging } = clientsWith(world, ring.keep({ groups: [[{ Action: '*', Resource: '*' }]] }))
    expect(await refusal(messaging.describeChannel({ ChannelArn, ChimeBearer: user('alice') }))).toMatchObject({
      name: 'ForbiddenException',
    })
    expect((await messaging.describeChannel({ ChannelArn, ChimeBearer: user('boss') })).Channel?.ChannelArn).toBe(ChannelArn)
  })

  test('opens a socket of that user and of nobody else', async () => {
    const key = ring.keep({ groups: [usual(app, user('alice'))] })
    const { events } = await listen(world.app, user('alice'), { key })
    expect(events[0]?.type).toBe('SESSION_ESTABLISHED')
    const reason = 'Unauthorized: the credentials may not perform chime:Connect on this userArn'
    for (const other of ['bob', 'boss', 'nobody']) {
      const refused = new Listening(await presignedUrl(world.app, user(other), { key }))
      expect(await refused.closed).toEqual({ code: 4401, reason })
      expect(refused.events).toEqual([])
    }
    const without = ring.keep({ groups: [[{ Action: 'chime:Send*', Resource: '*' }]] })
    expect(await new Listening(await presignedUrl(world.app, user('alice'), { key: without })).closed).toEqual({ code: 4401, reason })
  })

  test('may name its user by a tag of the principal, also where ids contain colons and wildcards', async () => {
    for (const id of ['us-east-1:0b7a', 'carol']) {
      await world.identity.createAppInstanceUser({ AppInstanceArn: app, AppInstanceUserId: id, Name: id })
      const { messaging } = clientsWith(
        world,
        ring.keep({ groups: [usual(app, `${app}/user/\${aws:PrincipalTag/sub}`)], tags: { sub: id } }),
      )
      await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user(id) })
      expect(await refusal(messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('alice') }))).toMatchObject({
        name: 'AccessDeniedException',
      })
    }
    for (const tags of [{ sub: '*' }, { sub: '?????' }, { sub: 'al*' }, { sub: '' }, {}, { Sub2: 'alice' }] as Record<string, string>[]) {
      const { messaging } = clientsWith(world, ring.keep({ groups: [usual(app, `${app}/user/\${aws:PrincipalTag/sub}`)], tags }))
      expect(await refusal(messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('alice') }))).toMatchObject({
        name: 'AccessDeniedException',
      })
    }
  })

  test('explains a refusal: no statement that allows, an explicit deny, and the same for the session policy', async () => {
    const ChannelArn = await channelOf(user('alice'))
    const arn = 'arn:aws:sts::000000000000:assumed-role/Chat/alice'
    const all: Written = { Action: '*', Resource: '*' }
    const deny: Written = { Effect: 'Deny', Action: 'chime:Send*', Resource: `${app}/channel/*` }
    const asked = (on: string) => `User: ${arn} is not authorized to perform: chime:SendChannelMessage on resource: ${on}`
    const cases: [Written[][], string][] = [
      [[[]], `${asked(user('alice'))} because no identity-based policy allows the chime:SendChannelMessage action`],
      [
        [[{ ...all, Resource: user('alice') }]],
        `${asked(ChannelArn)} because no identity-based policy allows the chime:SendChannelMessage action`,
      ],
      [[[all, deny]], `${asked(ChannelArn)} with an explicit deny in an identity-based policy`],
      [
        [[all], [{ ...all, Action: 'chime:Get*' }]],
        `${asked(user('alice'))} because no session policy allows the chime:SendChannelMessage action`,
      ],
      [[[all], [all, deny]], `${asked(ChannelArn)} with an explicit deny in a session policy`],
    ]
    for (const [groups, message] of cases) {
      const permitted = groups.filter(group => group.length > 0)
      const { messaging } = clientsWith(world, ring.keep({ groups: permitted, arn }))
      const answer = await refusal(messaging.sendChannelMessage(send(ChannelArn, user('alice'))))
      expect(answer).toMatchObject({ name: 'AccessDeniedException', code: 'AccessDenied', status: 403, message })
      expect(answer.reason).toMatch(/Effect (?:Allow|Deny)/)
    }
  })

  test('may depend on the tags of a channel, of the request and of the principal', async () => {
    const blue = await channelOf(user('alice'), { Tags: [{ Key: 'team', Value: 'blue' }] })
    const red = await channelOf(user('alice'), { Tags: [{ Key: 'team', Value: 'red' }] })
    const plain = await channelOf(user('alice'))
    const statements: Written[] = [
      { Action: 'chime:*', Resource: user('alice') },
      {
        Action: 'chime:*',
        Resource: `${app}/channel/*`,
        Condition: { StringEquals: { 'aws:ResourceTag/team': '${aws:PrincipalTag/team}' } },
      },
      // A channel that does not exist yet has no tags: the tags of the request decide.
      {
        Action: 'chime:TagResource',
        Resource: `${app}/channel/*`,
        Condition: { StringEquals: { 'aws:RequestTag/team': '${aws:PrincipalTag/team}' }, Null: { 'aws:ResourceTag/team': 'true' } },
      },
      {
        Effect: 'Deny',
        Action: 'chime:CreateChannel',
        Resource: '*',
        Condition: { 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': 'team' } },
      },
      {
        Effect: 'Deny',
        Action: 'chime:CreateChannel',
        Resource: '*',
        Condition: { StringNotEqualsIfExists: { 'aws:RequestTag/team': '${aws:PrincipalTag/team}' } },
      },
    ]
    const { messaging } = clientsWith(world, ring.keep({ groups: [statements], tags: { team: 'blue' } }))
    await messaging.sendChannelMessage(send(blue, user('alice')))
    for (const channel of [red, plain, `${app}/channel/none`]) {
      expect(await refusal(messaging.sendChannelMessage(send(channel, user('alice'))))).toMatchObject({ name: 'AccessDeniedException' })
    }
    await world.messaging.tagResource({ ResourceARN: red, Tags: [{ Key: 'team', Value: 'blue' }] })
    await messaging.sendChannelMessage(send(red, user('alice')))
    await world.messaging.untagResource({ ResourceARN: blue, TagKeys: ['team'] })
    expect(await refusal(messaging.sendChannelMessage(send(blue, user('alice'))))).toMatchObject({ name: 'AccessDeniedException' })

    const create = (Tags: { Key: string; Value: string }[]) =>
      messaging.createChannel({ AppInstanceArn: app, Name: 'tagged', Tags, ChimeBearer: user('alice') })
    await create([{ Key: 'team', Value: 'blue' }])
    for (const tags of [
      [{ Key: 'team', Value: 'red' }],
      [
        { Key: 'team', Value: 'blue' },
        { Key: 'other', Value: 'x' },
      ],
    ]) {
      expect(await refusal(create(tags))).toMatchObject({ message: expect.stringContaining('explicit deny') })
    }
  })

  test("may depend on the client's address, on TLS and on the time", async () => {
    const ask = async (Condition: Written['Condition']) => {
      const { messaging } = clientsWith(world, ring.keep({ groups: [[{ Action: '*', Resource: '*', Condition: Condition! }]] }))
      return messaging.getMessagingSessionEndpoint({}).then(
        () => 'allowed',
        (error: Error) => error.name,
      )
    }
    const now = world.now()
    const at = (milliseconds: number) => new Date(now + milliseconds).toISOString()
    expect(await ask({ IpAddress: { 'aws:SourceIp': ['127.0.0.0/8', '::1'] } })).toBe('allowed')
    expect(await ask({ IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } })).toBe('AccessDeniedException')
    expect(await ask({ Bool: { 'aws:SecureTransport': 'false' } })).toBe('allowed')
    expect(await ask({ Bool: { 'aws:SecureTransport': true } })).toBe('AccessDeniedException')
    expect(await ask({ DateGreaterThan: { 'aws:CurrentTime': at(-60_000) }, DateLessThan: { 'aws:CurrentTime': at(60_000) } })).toBe(
      'allowed',
    )
    expect(await ask({ DateLessThan: { 'aws:CurrentTime': at(-60_000) } })).toBe('AccessDeniedException')
  })

  test('is evaluated after the bearer and the shape of the input, and before the user is looked up', async () => {
    const { messaging } = clientsWith(world, ring.keep({ groups: [usual(app, user('alice'))] }))
    const list = (input: object) => refusal(messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('bob'), ...input }))
    expect(await list({ ChimeBearer: 'nonsense' })).toMatchObject({ name: 'UnauthorizedClientException' })
    expect(await list({ MaxResults: 51 })).toMatchObject({ name: 'BadRequestException' })
    expect(await list({ AppInstanceUserArn: app })).toMatchObject({ name: 'BadRequestException' })
    expect(await list({ ChimeBearer: user('nobody') })).toMatchObject({ name: 'AccessDeniedException' })
    const anybody = clientsWith(world, ring.keep({ groups: [usual(app, `${app}/user/*`)] }))
    expect(await refusal(anybody.messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: user('nobody') }))).toMatchObject({
      name: 'UnauthorizedClientException',
    })
  })
})

test('a policy that requires TLS permits calls over TLS, and no others', async () => {
  const ring = keyRing()
  const world = await startWorld('sqlite', { tls: 'on', tlsPort: '0' }, { keys: ring.find })
  const key = ring.keep({ groups: [[{ Action: '*', Resource: '*', Condition: { Bool: { 'aws:SecureTransport': 'true' } } }]] })
  const ca = await readFile(join(world.folder, 'ca.pem'), 'utf8')
  const statusOver = async (url: string, options: { ca?: string } = {}) => {
    const headers = await signedHeaders(url, key, { path: '/endpoints/messaging-session' })
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    return (await raw(url, `GET /endpoints/messaging-session HTTP/1.1\r\n${lines.join('')}\r\n`, options)).status
  }
  expect(await statusOver(world.app.tlsUrl!, { ca })).toBe(200)
  expect(await statusOver(world.app.url)).toBe(403)
  await world.close()
})
