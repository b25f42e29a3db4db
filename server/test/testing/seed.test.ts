import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { serveFails, temporaryFolder } from '../support/process.ts'
import { createPostgresDatabase, databaseKinds, startWorld } from '../support/world.ts'

const chat = 'arn:aws:chime:us-east-1:000000000000:app-instance/chat'

const seed = {
  Id: 'chat',
  Name: 'Chat',
  Metadata: 'about',
  Users: [{ Id: 'ann', Name: 'Ann', Metadata: 'a' }, { Id: 'ben' }, { Id: 'cid' }],
  Admins: ['cid'],
  Channels: [
    {
      Id: 'general',
      Name: 'General',
      Mode: 'RESTRICTED',
      Privacy: 'PRIVATE',
      Metadata: 'm',
      Moderators: ['ann', 'cid'],
      Members: ['ann', 'ben'],
      Messages: [
        { Sender: 'ann', Content: 'Hello' },
        { Sender: 'ben', Content: 'Hi', Metadata: 'x' },
      ],
      ReadBy: ['ben'],
    },
  ],
}

async function fileWith(content: unknown, name = 'seed.json') {
  const file = join(await temporaryFolder(), name)
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

test.each(databaseKinds)('--seed creates all that it declares, and a second start adds only what is missing, on %s', async kind => {
  const file = await fileWith(seed)
  const settings = {
    seed: file,
    data: await temporaryFolder(),
    ...(kind === 'postgres' && { databaseUrl: await createPostgresDatabase() }),
  }
  const world = await startWorld(kind, settings)
  const { identity, messaging } = world
  const [ann, ben, cid] = ['ann', 'ben', 'cid'].map(id => `${chat}/user/${id}`)
  const ChannelArn = `${chat}/channel/general`
  const asAnn = { ChannelArn, ChimeBearer: ann }
  expect((await identity.describeAppInstance({ AppInstanceArn: chat })).AppInstance).toMatchObject({ Name: 'Chat', Metadata: 'about' })
  expect((await identity.listAppInstanceUsers({ AppInstanceArn: chat })).AppInstanceUsers).toEqual([
    { AppInstanceUserArn: ann, Name: 'Ann', Metadata: 'a' },
    { AppInstanceUserArn: ben, Name: 'ben' },
    { AppInstanceUserArn: cid, Name: 'cid' },
  ])
  expect((await identity.listAppInstanceAdmins({ AppInstanceArn: chat })).AppInstanceAdmins).toMatchObject([{ Admin: { Arn: cid } }])
  expect((await messaging.describeChannel(asAnn)).Channel).toMatchObject({ Name: 'General', Mode: 'RESTRICTED', Privacy: 'PRIVATE' })
  const members = async () => (await messaging.listChannelMemberships(asAnn)).ChannelMemberships?.map(({ Member }) => Member?.Arn)
  expect(await members()).toEqual([ann, ben])
  expect((await messaging.listChannelModerators(asAnn)).ChannelModerators).toHaveLength(2)
  const contents = async () =>
    (await messaging.listChannelMessages({ ...asAnn, SortOrder: 'ASCENDING' })).ChannelMessages?.map(({ Content }) => Content)
  expect(await contents()).toEqual(['Hello', 'Hi'])
  const [entry] = (await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: ben })).ChannelMemberships!
  const { ReadMarkerTimestamp } = entry!.AppInstanceUserMembershipSummary!
  expect(ReadMarkerTimestamp!.getTime()).toBeGreaterThanOrEqual(entry!.ChannelSummary!.LastMessageTimestamp!.getTime())

  await messaging.deleteChannelMembership({ ...asAnn, MemberArn: ben })
  await identity.deleteAppInstanceUser({ AppInstanceUserArn: cid! })
  await identity.updateAppInstance({ AppInstanceArn: chat, Name: 'Mine', Metadata: '' })
  const extended = {
    ...seed,
    Admins: [],
    Users: [...seed.Users.slice(0, 2), { Id: 'dan' }],
    Channels: [...seed.Channels, { Id: 'second', Moderators: ['dan'] }],
  }
  extended.Channels[0] = { ...seed.Channels[0]!, Moderators: ['ann'] }
  await writeFile(file, JSON.stringify(extended))
  await world.close()
  const again = await startWorld(kind, settings)
  const { Channels } = await again.messaging.listChannels({ AppInstanceArn: chat, ChimeBearer: `${chat}/user/dan` })
  expect(Channels?.map(({ Name }) => Name)).toEqual(['second'])
  expect((await again.identity.describeAppInstance({ AppInstanceArn: chat })).AppInstance).toMatchObject({ Name: 'Mine' })
  const after = await again.messaging.listChannelMessages({ ...asAnn, SortOrder: 'ASCENDING' })
  expect(after.ChannelMessages).toHaveLength(2)
  expect((await again.messaging.listChannelMemberships(asAnn)).ChannelMemberships).toHaveLength(1)
  await again.close()
})

test('a module as a seed gets the endpoint and the credentials, and may return a seed or create things by itself', async () => {
  const file = await fileWith(
    `export default async ({ endpoint, region, credentials }) => {
      const { status } = await fetch(endpoint + '/app-instances')
      return { Id: 'of-module', Name: [status, region, typeof credentials.secretAccessKey].join(' ') }
    }`,
    'seed.mjs',
  )
  const world = await startWorld('sqlite', { seed: file })
  const { AppInstances } = await world.identity.listAppInstances({})
  expect(AppInstances).toMatchObject([{ Name: '403 us-east-1 string' }])
  await world.close()
})

const user = { Id: 'ann' }
const channel = { Id: 'c', Moderators: ['ann'] }

test.each([
  ['{', /seed\.json cannot be read: Expected property name/],
  ['7', /seed\.json: A seed is an object: an app instance with Id, Users and Channels\./],
  [{ Id: 'x', Chanels: [] }, /: Chanels is not a member of a seed; its members are Id, Name, Metadata, Users, Admins, Channels\./],
  [{ Id: 'x', Users: [user, { ID: 'ben' }] }, /: Users\[1\]\.ID is not a member of a seed; its members are Id, Name, Metadata\./],
  [{ Users: [] }, /: .*'id' failed to satisfy constraint: Member must not be null/],
  [[{ Id: 'x' }, { Id: 'y', Users: [{}] }], /: \[1\]: .*'users\.1\.member\.id' failed to satisfy constraint: Member must not be null/],
  [{ Id: 'x', Users: [user, user] }, /: Users\[1\]\.Id: there are two users 'ann'\./],
  [{ Id: 'x', Users: [user], Admins: ['ben'] }, /: Admins\[0\]: Users has no 'ben'\./],
  [{ Id: 'x', Users: [user], Channels: [channel, channel] }, /: Channels\[1\]\.Id: there are two channels 'c'\./],
  [{ Id: 'x', Users: [user], Channels: [{ ...channel, Members: ['ann', 'ben'] }] }, /: Channels\[0\]\.Members\[1\]: Users has no 'ben'\./],
  [
    { Id: 'x', Users: [user, { Id: 'ben' }], Channels: [{ ...channel, Messages: [{ Sender: 'ben', Content: '' }] }] },
    /'channels\.1\.member\.messages\.1\.member\.content' failed to satisfy constraint/,
  ],
  [
    { Id: 'x', Users: [user, { Id: 'ben' }], Channels: [{ ...channel, Messages: [{ Sender: 'ben', Content: 'a' }] }] },
    /: Channels\[0\]\.Messages\[0\]\.Sender: 'ben' is not among the Members\./,
  ],
  [
    { Id: 'x', Users: [user], Channels: [{ ...channel, Messages: [{ Sender: 'ann', Content: 'a'.repeat(4097) }] }] },
    /: Channels\[0\] \(c\), Messages\[0\]: .*4096/,
  ],
])('%j is refused at the start with a line that says where the fault is', async (content, line) => {
  const file = await fileWith(content)
  const message = await startWorld('sqlite', { seed: file, data: ':memory:' }).then(
    () => 'started',
    (error: Error) => error.message,
  )
  expect(message).toMatch(line)
  expect(message).toMatch(/^--seed /)
  expect(message).not.toContain('\n')
})

test('a server with a seed that is refused ends with one line', async () => {
  const file = await fileWith({ Id: 'x', Admins: ['ann'] })
  const { code, stderr } = await serveFails(['--port', '0', '--data', ':memory:', '--log-level', 'fatal', '--seed', file])
  expect({ code, stderr }).toEqual({ code: 1, stderr: `carillon: --seed ${file}: Admins[0]: Users has no 'ann'.\n` })
})
