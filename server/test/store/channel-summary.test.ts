import type { ChannelSummary } from '@aws-sdk/client-chime-sdk-messaging'
import { asyncProperty, assert, constantFrom, oneof, option, record, string } from 'fast-check'
import { expect, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { onBothDatabases } from '../support/world.ts'

const lines = constantFrom('"', '\\', '\\"', '</script>', '\t', '\\u0000', 'ä漢🦜', '\u2028', "'", '{"Name":"x"}', '%', '\u{10ffff}')
const text = oneof(lines, string({ unit: 'grapheme', minLength: 1, maxLength: 40 }))
const written = record({
  Name: text,
  Metadata: option(text, { nil: undefined }),
  Mode: constantFrom('UNRESTRICTED', 'RESTRICTED'),
  Privacy: constantFrom('PUBLIC', 'PRIVATE'),
  said: option(constantFrom('to all', 'to one'), { nil: undefined }),
})

onBothDatabases('ChannelSummary', world => {
  test('in the page that the database writes as JSON is the same as in every other operation, whatever its name and metadata', async () => {
    const { messaging, appInstance } = world()
    const { user } = await appInstance(['reader', 'other'], { admins: ['root'] })
    const [ChimeBearer, other, root] = [user('reader'), user('other'), user('root')]
    await assert(
      asyncProperty(written, async ({ said, ...given }) => {
        const ChannelArn = await open(world(), ChimeBearer, { ...given, MemberArns: [other] })
        await messaging.createChannelModerator({ ChannelArn, ChimeBearer: root, ChannelModeratorArn: ChimeBearer })
        if (said) await say(world(), other, ChannelArn, 'x', said === 'to one' ? { Target: [{ MemberArn: ChimeBearer }] } : {})
        const ofChannel = (found: ChannelSummary | undefined) => found?.ChannelArn === ChannelArn
        const page = await messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer, MaxResults: 50 })
        const listed = page.ChannelMemberships!.map(each => each.ChannelSummary).find(ofChannel)
        const about = { ChannelArn, ChimeBearer }
        const [described, membership, moderated, moderatedList, found] = await Promise.all([
          messaging.describeChannel(about),
          messaging.describeChannelMembershipForAppInstanceUser({ ...about, AppInstanceUserArn: ChimeBearer }),
          messaging.describeChannelModeratedByAppInstanceUser({ ...about, AppInstanceUserArn: ChimeBearer }),
          messaging.listChannelsModeratedByAppInstanceUser({ ChimeBearer, MaxResults: 50 }),
          messaging.searchChannels({
            ChimeBearer,
            MaxResults: 50,
            Fields: [{ Key: 'MEMBERS', Operator: 'EQUALS', Values: [ChimeBearer, other] }],
          }),
        ])
        const { Name, Metadata, Mode, Privacy, LastMessageTimestamp } = described.Channel!
        expect({ Name, Metadata, Mode, Privacy }).toEqual(given)
        expect(LastMessageTimestamp !== undefined).toBe(said !== undefined)
        expect(listed).toEqual({ Name, Metadata, Mode, Privacy, LastMessageTimestamp, ChannelArn })
        expect(membership.ChannelMembership!.ChannelSummary).toEqual(listed)
        expect(moderated.Channel!.ChannelSummary).toEqual(listed)
        expect(moderatedList.Channels!.map(each => each.ChannelSummary).find(ofChannel)).toEqual(listed)
        expect(found.Channels!.find(ofChannel)).toEqual(listed)
        await messaging.deleteChannel({ ChannelArn, ChimeBearer: root })
      }),
      { numRuns: 25 },
    )
  })
})
