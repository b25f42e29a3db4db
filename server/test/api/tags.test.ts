import { expect, test } from 'vitest'
import { onBothDatabases, refusal } from '../support/world.ts'
import { open } from './acts.ts'

const byKey = (found: { Key?: string | undefined }[]) => found.toSorted((a, b) => (a.Key! < b.Key! ? -1 : 1))
const many = (from: number, count: number) => Array.from({ length: count }, (_, index) => ({ Key: `k${from + index}`, Value: 'v' }))

onBothDatabases('Tags', world => {
  test('app instances, users, bots and channels are tagged at creation and later, through either service', async () => {
    const { identity, messaging, appInstance, bot } = world()
    const Tags = [{ Key: 'made', Value: 'yes' }]
    const { AppInstanceArn: arn } = await identity.createAppInstance({ Name: 'tagged', Tags })
    const user = await identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'u', Name: 'u', Tags })
    const Configuration = {
      Lex: { LexBotAliasArn: 'arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST', LocaleId: 'en_US' },
    }
    const tagged = await identity.createAppInstanceBot({ AppInstanceArn: arn, Configuration, Tags })
    const channel = await open(world(), user.AppInstanceUserArn!, { Tags })
    for (const ResourceARN of [arn!, user.AppInstanceUserArn!, tagged.AppInstanceBotArn!, channel]) {
      expect((await messaging.listTagsForResource({ ResourceARN })).Tags).toEqual(Tags)
      await messaging.tagResource({ ResourceARN, Tags: [{ Key: 'more', Value: '1' }] })
      await identity.tagResource({ ResourceARN, Tags: [{ Key: 'more', Value: '2' }] })
      const both = [...Tags, { Key: 'more', Value: '2' }]
      expect((await messaging.listTagsForResource({ ResourceARN })).Tags).toEqual(both)
      expect((await identity.listTagsForResource({ ResourceARN })).Tags).toEqual(both)
      expect((await identity.untagResource({ ResourceARN, TagKeys: ['made', 'never there'] })).$metadata.httpStatusCode).toBe(204)
      expect((await messaging.listTagsForResource({ ResourceARN })).Tags).toEqual([{ Key: 'more', Value: '2' }])
    }
    const { arn: bare } = await appInstance()
    expect((await identity.listTagsForResource({ ResourceARN: await bot(bare) })).Tags).toEqual([])
  })

  test('tags keep every character', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a'])
    const Tags = [
      { Key: 'nul \u0000', Value: '\u0000' },
      { Key: 'quote " \\', Value: '"' },
      { Key: 'surrogate \ud800', Value: '\udc00' },
      { Key: 'tag 🏷️', Value: '👩‍👩‍👧' },
    ]
    const ResourceARN = await open(world(), user('a'), { Tags: Tags.slice(0, 2) })
    await messaging.tagResource({ ResourceARN, Tags: Tags.slice(2) })
    expect(byKey((await messaging.listTagsForResource({ ResourceARN })).Tags!)).toEqual(byKey(Tags))
    await messaging.untagResource({ ResourceARN, TagKeys: ['nul \u0000', 'surrogate \ud800'] })
    expect((await messaging.listTagsForResource({ ResourceARN })).Tags!.map(tag => tag.Key!).toSorted()).toEqual(['quote " \\', 'tag 🏷️'])
  })

  test('a resource has at most 50 tags, and a call that would exceed that adds none', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a'])
    const ResourceARN = await open(world(), user('a'), { Tags: many(0, 48) })
    await messaging.tagResource({ ResourceARN, Tags: many(48, 2) })
    const tooMany = { name: 'ResourceLimitExceededException', code: 'ResourceLimitExceeded', status: 400 }
    expect(await refusal(messaging.tagResource({ ResourceARN, Tags: many(49, 2) }))).toMatchObject(tooMany)
    expect((await messaging.listTagsForResource({ ResourceARN })).Tags).toHaveLength(50)
    await messaging.tagResource({ ResourceARN, Tags: [{ Key: 'k49', Value: 'changed' }] })
    expect((await messaging.listTagsForResource({ ResourceARN })).Tags).toContainEqual({ Key: 'k49', Value: 'changed' })
  })

  test('reserved keys and duplicate keys are refused, and nothing is created', async () => {
    const { identity, messaging, appInstance } = world()
    const { arn, user } = await appInstance(['a'])
    const ResourceARN = await open(world(), user('a'))
    const wrong = { name: 'BadRequestException', code: 'BadRequest', status: 400 }
    for (const Tags of [
      [{ Key: 'aws:x', Value: 'v' }],
      [
        { Key: 'k', Value: '1' },
        { Key: 'k', Value: '2' },
      ],
    ]) {
      expect(await refusal(messaging.tagResource({ ResourceARN, Tags }))).toMatchObject(wrong)
      const user = identity.createAppInstanceUser({ AppInstanceArn: arn, AppInstanceUserId: 'b', Name: 'b', Tags })
      expect(await refusal(user)).toMatchObject(wrong)
    }
    expect((await messaging.listTagsForResource({ ResourceARN })).Tags).toEqual([])
    expect(await refusal(identity.describeAppInstanceUser({ AppInstanceUserArn: user('b') }))).toMatchObject({ status: 404 })
  })

  test('a resource that does not exist has no tags', async () => {
    const { identity, messaging, appInstance } = world()
    const { arn, user } = await appInstance()
    const denied = { name: 'ForbiddenException', code: 'Forbidden', status: 403 }
    for (const ResourceARN of [`${arn}x`, user('nobody'), `${arn}/bot/none`, `${arn}/channel/none`, `${arn}/channel-flow/none`]) {
      expect(await refusal(messaging.listTagsForResource({ ResourceARN }))).toMatchObject(denied)
      expect(await refusal(identity.tagResource({ ResourceARN, Tags: [{ Key: 'k', Value: 'v' }] }))).toMatchObject(denied)
      expect(await refusal(messaging.untagResource({ ResourceARN, TagKeys: ['k'] }))).toMatchObject(denied)
    }
  })

  test('an update of a channel leaves its tags as they are', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['a'])
    const Tags = [{ Key: 'k', Value: 'v' }]
    const ChannelArn = await open(world(), user('a'), { Tags })
    await messaging.updateChannel({ ChannelArn, Name: 'new', Metadata: '', Mode: 'RESTRICTED', ChimeBearer: user('a') })
    expect((await messaging.listTagsForResource({ ResourceARN: ChannelArn })).Tags).toEqual(Tags)
  })
})
