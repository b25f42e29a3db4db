import { expect, test } from 'vitest'
import { onBothDatabases, refusal } from '../support/world.ts'
import { channelsOf, open, pages, say } from './acts.ts'

const LexBotAliasArn = 'arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST'
const Lex = { LexBotAliasArn, LocaleId: 'en_US' }

onBothDatabases('Bots', world => {
  test('DescribeAppInstanceBot returns what CreateAppInstanceBot got', async () => {
    const { identity, appInstance } = world()
    const { arn } = await appInstance()
    const Configuration = {
      Lex: { ...Lex, WelcomeIntent: 'Hi', InvokedBy: { StandardMessages: 'AUTO', TargetedMessages: 'ALL' } },
    } as const
    const { AppInstanceBotArn } = await identity.createAppInstanceBot({ AppInstanceArn: arn, Name: '', Metadata: 'm', Configuration })
    expect(AppInstanceBotArn!.startsWith(`${arn}/bot/`)).toBe(true)
    const { AppInstanceBot } = await identity.describeAppInstanceBot({ AppInstanceBotArn })
    expect(AppInstanceBot).toEqual({
      AppInstanceBotArn,
      Name: '',
      Metadata: 'm',
      Configuration,
      CreatedTimestamp: expect.any(Date),
      LastUpdatedTimestamp: AppInstanceBot!.CreatedTimestamp,
    })
  })

  test('a bot without RespondsTo and InvokedBy answers standard messages and no targeted ones', async () => {
    const { identity, appInstance } = world()
    const { arn } = await appInstance()
    const bare = await identity.createAppInstanceBot({ AppInstanceArn: arn, Configuration: { Lex } })
    const InvokedBy = { StandardMessages: 'ALL', TargetedMessages: 'NONE' }
    const described = await identity.describeAppInstanceBot({ AppInstanceBotArn: bare.AppInstanceBotArn })
    expect(described.AppInstanceBot!.Configuration).toEqual({ Lex: { ...Lex, InvokedBy } })
    const old = { Lex: { ...Lex, RespondsTo: 'STANDARD_MESSAGES' } } as const
    const { AppInstanceBotArn } = await identity.createAppInstanceBot({ AppInstanceArn: arn, Configuration: old })
    expect((await identity.describeAppInstanceBot({ AppInstanceBotArn })).AppInstanceBot!.Configuration).toEqual(old)
  })

  test('an update replaces name and metadata, and the configuration only if one is given', async () => {
    const { identity, appInstance, bot } = world()
    const AppInstanceBotArn = await bot((await appInstance()).arn)
    const { AppInstanceBot: before } = await identity.describeAppInstanceBot({ AppInstanceBotArn })
    world().advance(1000)
    await identity.updateAppInstanceBot({ AppInstanceBotArn, Name: 'b2', Metadata: 'm2' })
    const { AppInstanceBot: renamed } = await identity.describeAppInstanceBot({ AppInstanceBotArn })
    expect(renamed).toMatchObject({
      Name: 'b2',
      Metadata: 'm2',
      Configuration: before!.Configuration,
      CreatedTimestamp: before!.CreatedTimestamp,
    })
    expect(renamed!.LastUpdatedTimestamp!.getTime()).toBeGreaterThanOrEqual(before!.LastUpdatedTimestamp!.getTime() + 1000)
    const Configuration = { Lex: { ...Lex, LocaleId: 'de_DE', InvokedBy: { StandardMessages: 'NONE', TargetedMessages: 'ALL' } } } as const
    await identity.updateAppInstanceBot({ AppInstanceBotArn, Name: 'b3', Metadata: '', Configuration })
    expect((await identity.describeAppInstanceBot({ AppInstanceBotArn })).AppInstanceBot).toMatchObject({
      Name: 'b3',
      Metadata: '',
      Configuration,
    })
  })

  test('the bots of an app instance are listed in pages by creation, without its users', async () => {
    const { identity, appInstance, bot } = world()
    const { arn } = await appInstance(['user'])
    const made = [await bot(arn), await bot(arn), await bot(arn)]
    const found = await pages(NextToken => identity.listAppInstanceBots({ AppInstanceArn: arn, MaxResults: 2, NextToken }))
    expect(found.map(page => page.AppInstanceBots!.length)).toEqual([2, 1])
    expect(found.flatMap(page => page.AppInstanceBots)).toEqual(made.map(AppInstanceBotArn => ({ AppInstanceBotArn, Name: 'bot' })))
  })

  test('a bot creates channels, joins, moderates and sends as users do', async () => {
    const { messaging, appInstance, bot } = world()
    const { arn, user } = await appInstance(['bob'])
    const botArn = await bot(arn)
    const ChannelArn = await open(world(), botArn, { MemberArns: [user('bob')] })
    expect([...(await channelsOf(world(), botArn)).keys()]).toEqual([ChannelArn])
    const moderated = await messaging.listChannelsModeratedByAppInstanceUser({ ChimeBearer: botArn })
    expect(moderated.Channels!.map(entry => entry.ChannelSummary!.ChannelArn)).toEqual([ChannelArn])
    const MessageId = await say(world(), botArn, ChannelArn, 'beep')
    const { ChannelMessage } = await messaging.getChannelMessage({ ChannelArn, MessageId, ChimeBearer: user('bob') })
    expect(ChannelMessage).toMatchObject({ Content: 'beep', Sender: { Arn: botArn, Name: 'bot' } })
  })

  test('a deleted bot is gone from everywhere', async () => {
    const { identity, messaging, appInstance, bot } = world()
    const { arn, user } = await appInstance(['owner'])
    const botArn = await bot(arn)
    const ChannelArn = await open(world(), user('owner'), { MemberArns: [botArn], ModeratorArns: [botArn] })
    expect((await identity.deleteAppInstanceBot({ AppInstanceBotArn: botArn })).$metadata.httpStatusCode).toBe(204)
    expect(await refusal(messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: botArn }))).toMatchObject({ status: 401 })
    const { ChannelMemberships } = await messaging.listChannelMemberships({ ChannelArn, ChimeBearer: user('owner') })
    expect(ChannelMemberships!.map(entry => entry.Member!.Arn)).toEqual([user('owner')])
    const { ChannelModerators } = await messaging.listChannelModerators({ ChannelArn, ChimeBearer: user('owner') })
    expect(ChannelModerators!.map(entry => entry.Moderator!.Arn)).toEqual([user('owner')])
    expect((await identity.listAppInstanceBots({ AppInstanceArn: arn })).AppInstanceBots).toEqual([])
    const missing = { name: 'NotFoundException', code: 'NotFound', status: 404 }
    expect(await refusal(identity.describeAppInstanceBot({ AppInstanceBotArn: botArn }))).toMatchObject(missing)
    expect(await refusal(identity.updateAppInstanceBot({ AppInstanceBotArn: botArn, Name: 'x', Metadata: '' }))).toMatchObject(missing)
    expect((await identity.deleteAppInstanceBot({ AppInstanceBotArn: botArn })).$metadata.httpStatusCode).toBe(204)
  })

  test('the operations of bots refuse the ARN of a user, and those of users the ARN of a bot', async () => {
    const { identity, appInstance, bot } = world()
    const { arn, user } = await appInstance(['u'])
    const wrong = { name: 'BadRequestException', status: 400 }
    expect(await refusal(identity.describeAppInstanceBot({ AppInstanceBotArn: user('u') }))).toMatchObject(wrong)
    expect(await refusal(identity.describeAppInstanceUser({ AppInstanceUserArn: await bot(arn) }))).toMatchObject(wrong)
  })
})
