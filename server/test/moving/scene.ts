import { createHash } from 'node:crypto'
import { readFile, writeFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { exportTo, type Exporting } from '../../src/moving/export.ts'
import { fromDatabase } from '../../src/moving/from-database.ts'
import { Import, type Importing } from '../../src/moving/import.ts'
import { readConfig } from '../../src/settings/config.ts'
import { makeFixture } from '../operations/fixture.ts'
import { pages, say } from '../api/acts.ts'
import type { World } from '../support/world.ts'

const { limits } = readConfig({}, {})

/** An app instance that has something of everything that is moved. */
export async function makeScene(world: World) {
  const fixture = await makeFixture(world)
  const { identity, messaging, arn, root, mod, alice, bob, eve, lex, tags, processor } = fixture
  await identity.updateAppInstance({ AppInstanceArn: arn, Name: 'A name\u00e9 😀', Metadata: '{"a":1}' })
  await identity.putAppInstanceRetentionSettings({
    AppInstanceArn: arn,
    AppInstanceRetentionSettings: { ChannelRetentionSettings: { RetentionDays: 90 } },
  })
  await messaging.putMessagingStreamingConfigurations({
    AppInstanceArn: arn,
    StreamingConfigurations: [
      { DataType: 'ChannelMessage', ResourceArn: 'arn:aws:kinesis:us-east-1:123456789012:stream/chime-messaging-x' },
    ],
  })
  await identity.updateAppInstanceUser({ AppInstanceUserArn: alice, Name: 'Alice "A"\n', Metadata: 'm' })
  await identity.putAppInstanceUserExpirationSettings({
    AppInstanceUserArn: eve,
    ExpirationSettings: { ExpirationDays: 30, ExpirationCriterion: 'CREATED_TIMESTAMP' },
  })
  await identity.registerAppInstanceUserEndpoint({
    AppInstanceUserArn: alice,
    Name: 'phone',
    Type: 'GCM',
    ResourceArn: 'arn:aws:mobiletargeting:us-east-1:123456789012:apps/x',
    EndpointAttributes: { DeviceToken: 'token' },
  })
  const { AppInstanceBotArn: bot } = await identity.createAppInstanceBot({ AppInstanceArn: arn, Name: 'bot', Configuration: lex })
  const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn: arn, Name: 'flow', Processors: [processor('f')] })
  for (const ResourceARN of [arn, alice, ChannelFlowArn]) await messaging.tagResource({ ResourceARN, Tags: tags })

  const channel = await fixture.channel()
  await messaging.tagResource({ ResourceARN: channel, Tags: tags })
  await messaging.createChannelMembership({ ChannelArn: channel, MemberArn: bot, Type: 'DEFAULT', ChimeBearer: mod })
  await messaging.createChannelModerator({ ChannelArn: channel, ChannelModeratorArn: bob, ChimeBearer: mod })
  await messaging.createChannelBan({ ChannelArn: channel, MemberArn: eve, ChimeBearer: mod })
  await messaging.putChannelExpirationSettings({
    ChannelArn: channel,
    ChimeBearer: mod,
    ExpirationSettings: { ExpirationDays: 100, ExpirationCriterion: 'LAST_MESSAGE_TIMESTAMP' },
  })
  await messaging.putChannelMembershipPreferences({
    ChannelArn: channel,
    MemberArn: alice,
    ChimeBearer: alice,
    Preferences: { PushNotifications: { AllowNotifications: 'NONE' } },
  })
  const hidden = await messaging.createChannel({
    AppInstanceArn: arn,
    Name: 'hidden',
    Mode: 'RESTRICTED',
    Privacy: 'PUBLIC',
    ChimeBearer: root,
  })
  await messaging.createChannelMembership({ ChannelArn: hidden.ChannelArn, MemberArn: alice, Type: 'HIDDEN', ChimeBearer: root })
  await say(fixture, root, hidden.ChannelArn!, 'in the hidden one')
  const first = await say(fixture, alice, channel, 'a text with U+0000 \u0000 and 😀', {
    Metadata: 'm',
    ContentType: 'text/plain',
    MessageAttributes: { a: { StringValues: ['b', 'c'] } },
  })
  await messaging.updateChannelReadMarker({ ChannelArn: channel, ChimeBearer: bob })
  await messaging.updateChannelMessage({ ChannelArn: channel, MessageId: first, Content: 'edited', ChimeBearer: alice })
  const redacted = await say(fixture, bob, channel, 'redacted')
  await messaging.redactChannelMessage({ ChannelArn: channel, MessageId: redacted, ChimeBearer: bob })
  await say(fixture, alice, channel, 'for bob alone', { Target: [{ MemberArn: bob }] })
  await say(fixture, mod, channel, 'x', { Type: 'CONTROL' })
  const { AppInstanceUserArn: gone } = await identity.createAppInstanceUser({
    AppInstanceArn: arn,
    AppInstanceUserId: 'gone',
    Name: 'Gone',
  })
  await messaging.createChannelMembership({ ChannelArn: channel, MemberArn: gone, Type: 'DEFAULT', ChimeBearer: mod })
  await say(fixture, gone!, channel, 'from somebody who leaves')
  await identity.deleteAppInstanceUser({ AppInstanceUserArn: gone })
  await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'gone', Name: 'Another one' })
  const elastic = await fixture.elastic()
  await messaging.createChannelMembership({ ChannelArn: elastic.ChannelArn, MemberArn: bob, Type: 'DEFAULT', ChimeBearer: mod })
  await say(fixture, alice, elastic.ChannelArn, 'in a part', { SubChannelId: elastic.SubChannelId })
  const flowing = await fixture.channel()
  await messaging.associateChannelFlow({ ChannelArn: flowing, ChannelFlowArn, ChimeBearer: root })
  return { ...fixture, channel, hidden: hidden.ChannelArn!, elastic, flowing, first, users: [root, mod, alice, bob, eve] }
}

type Shown = Readonly<Record<string, unknown>>

/** Each answer without the members that belong to the call. */
export function answer(given: { $metadata: unknown; NextToken?: string | undefined }): Shown {
  const { $metadata: _, NextToken: __, ...members } = given
  return members
}

/** All that stock clients can read of the scene, as each of its users. */
export async function readThrough({ identity, messaging }: World, { arn, users }: { arn: string; users: readonly string[] }) {
  const all: Record<string, unknown> = {}
  const read = async (name: string, call: Promise<Parameters<typeof answer>[0]>) => (all[name] = answer(await call))
  const everyPage = async <Page extends Parameters<typeof answer>[0]>(
    name: string,
    load: (NextToken: string | undefined) => Promise<Page>,
  ) => {
    const found = await pages(load)
    all[name] = found.map(answer)
    return found
  }
  const AppInstanceArn = arn
  await read('app instance', identity.describeAppInstance({ AppInstanceArn }))
  await read('retention', identity.getAppInstanceRetentionSettings({ AppInstanceArn }))
  await read('streams', messaging.getMessagingStreamingConfigurations({ AppInstanceArn }))
  await everyPage('admins', NextToken => identity.listAppInstanceAdmins({ AppInstanceArn, NextToken }))
  const bots = await everyPage('bots', NextToken => identity.listAppInstanceBots({ AppInstanceArn, NextToken }))
  for (const { AppInstanceBotArn } of bots.flatMap(page => page.AppInstanceBots!))
    await read(AppInstanceBotArn!, identity.describeAppInstanceBot({ AppInstanceBotArn }))
  await everyPage('flows', NextToken => messaging.listChannelFlows({ AppInstanceArn, NextToken }))
  const found = await everyPage('users', NextToken => identity.listAppInstanceUsers({ AppInstanceArn, NextToken }))
  for (const { AppInstanceUserArn } of found.flatMap(page => page.AppInstanceUsers!)) {
    await read(AppInstanceUserArn!, identity.describeAppInstanceUser({ AppInstanceUserArn }))
    const devices = await everyPage(`devices of ${AppInstanceUserArn}`, NextToken =>
      identity.listAppInstanceUserEndpoints({ AppInstanceUserArn, NextToken }),
    )
    for (const { EndpointId } of devices.flatMap(page => page.AppInstanceUserEndpoints!))
      await read(EndpointId!, identity.describeAppInstanceUserEndpoint({ AppInstanceUserArn, EndpointId }))
  }
  const root = users[0]!
  for (const Privacy of ['PUBLIC', 'PRIVATE'] as const) {
    const channels = await everyPage(Privacy, NextToken =>
      messaging.listChannels({ AppInstanceArn, Privacy, ChimeBearer: root, NextToken }),
    )
    for (const { ChannelArn } of channels.flatMap(page => page.Channels!)) {
      const asked = { ChannelArn, ChimeBearer: root }
      const { Channel } = await messaging.describeChannel(asked)
      all[ChannelArn!] = Channel
      await everyPage(`moderators of ${ChannelArn}`, NextToken => messaging.listChannelModerators({ ...asked, NextToken }))
      await everyPage(`bans of ${ChannelArn}`, NextToken => messaging.listChannelBans({ ...asked, NextToken }))
      await read(`tags of ${ChannelArn}`, messaging.listTagsForResource({ ResourceARN: ChannelArn }))
      const subChannels = Channel!.ElasticChannelConfiguration
        ? await everyPage(`parts of ${ChannelArn}`, NextToken => messaging.listSubChannels({ ...asked, NextToken }))
        : []
      const parts = subChannels.length === 0 ? [undefined] : subChannels.flatMap(page => page.SubChannels!.map(each => each.SubChannelId))
      for (const SubChannelId of parts) {
        const memberships = await everyPage(`members of ${ChannelArn} ${SubChannelId}`, NextToken =>
          messaging.listChannelMemberships({ ...asked, SubChannelId, NextToken }),
        )
        for (const { Member } of memberships.flatMap(page => page.ChannelMemberships!)) {
          const MemberArn = Member!.Arn
          await read(
            `${MemberArn} in ${ChannelArn} ${SubChannelId}`,
            messaging.describeChannelMembership({ ...asked, MemberArn, SubChannelId }),
          )
          if (SubChannelId === undefined && MemberArn!.includes('/user/'))
            await read(
              `preferences of ${MemberArn} in ${ChannelArn}`,
              messaging.getChannelMembershipPreferences({ ChannelArn, MemberArn, ChimeBearer: MemberArn }).catch(() => ({ $metadata: {} })),
            )
          await everyPage(`messages of ${ChannelArn} ${SubChannelId} for ${MemberArn}`, NextToken =>
            messaging.listChannelMessages({ ChannelArn, SubChannelId, ChimeBearer: MemberArn, NextToken }),
          )
        }
      }
    }
  }
  for (const ChimeBearer of users)
    await everyPage(`channels of ${ChimeBearer}`, NextToken =>
      messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer, NextToken }),
    )
  for (const ResourceARN of [arn, users[2]!]) await read(`tags of ${ResourceARN}`, messaging.listTagsForResource({ ResourceARN }))
  return all
}

export const exported = async (folder: string, { app }: Pick<World, 'app'>, arn: string, options: Partial<Exporting> = {}) =>
  exportTo(folder, fromDatabase(app.db, arn), { now: Date.now, rate: 1e9, ...options })

export const imported = async (folder: string, { app }: Pick<World, 'app'>, options: Partial<Importing> = {}) =>
  new Import(app.db, { now: Date.now, rate: 1e9, limits, ...options }).run(folder)

type AnyLine = Record<string, unknown> & { type: string }

/** The lines of an export of one part. */
export async function linesOf(folder: string): Promise<AnyLine[]> {
  const { parts } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as { parts: readonly object[] }
  const texts = await Promise.all(
    parts.map(async (_, index) =>
      gunzipSync(await readFile(join(folder, `part-${String(index + 1).padStart(6, '0')}.jsonl.gz`))).toString(),
    ),
  )
  return texts.flatMap(text => text.split('\n').slice(0, -1)).map(text => JSON.parse(text) as AnyLine)
}

/** The same lines, with each user and bot numbered by its position among them, as its number differs between databases. */
export function withoutNumbers(lines: readonly AnyLine[]): AnyLine[] {
  const places = new Map(lines.filter(({ type }) => type === 'identity').map(({ ref }, index) => [ref, `#${index}`]))
  const named = ['ref', 'identity', 'member', 'sender', 'target', 'createdBy', 'invitedBy', 'pinnedBy', 'viewer']
  return lines.map(line =>
    Object.assign({ ...line }, ...named.filter(name => name in line).map(name => ({ [name]: places.get(line[name]) ?? 'nobody' })), {
      ...(line.type === 'tag' && line['of'] === 'identity' && { id: places.get(line['id']) }),
    }),
  )
}

/** Writes an export with these texts as its lines, as anybody could make one. */
export async function forge(folder: string, appInstance: object, texts: readonly string[], manifest: object = {}) {
  await mkdir(folder, { recursive: true })
  const part = gzipSync(texts.map(text => `${text}\n`).join(''))
  await writeFile(join(folder, 'part-000001.jsonl.gz'), part)
  const parts = [{ lines: texts.length, bytes: part.length, sha256: createHash('sha256').update(part).digest('hex') }]
  const about = { format: 'carillon-export', version: 1, id: 'forged', source: 'nobody', startedAt: 1, finishedAt: 2, counts: {} }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...about, appInstance, parts, ...manifest }))
}
