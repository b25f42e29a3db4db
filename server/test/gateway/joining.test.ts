import { expect, test } from 'vitest'
import { listen } from '../support/sockets.ts'
import { onBothDatabases } from '../support/world.ts'
import { channelsOfBob } from './channels-of-bob.ts'

onBothDatabases(
  'a session follows its memberships',
  world => {
    test('a member who joins hears what follows, and a member who leaves hears the leave and no more', async () => {
      const { user, channels, send, join, leave } = await channelsOfBob(world(), 1)
      const [channel] = channels
      const alice = await listen(world().app, user('alice'))
      await send(channel!, 'before')
      await join(channel!)
      await send(channel!, 'during')
      await leave(channel!)
      await send(channel!, 'after')
      await join(channel!)
      await send(channel!, 'end')
      const heard = await alice.until(({ payload }) => payload?.['Content'] === 'end')
      expect(heard.map(({ type, payload }) => payload?.['Content'] ?? type)).toEqual([
        'CREATE_CHANNEL_MEMBERSHIP',
        'during',
        'DELETE_CHANNEL_MEMBERSHIP',
        'CREATE_CHANNEL_MEMBERSHIP',
      ])
    })

    test('members hear the events of a channel in the order in which they happened, each once', async () => {
      const { user, channels, send } = await channelsOfBob(world(), 1, ['alice'])
      const { messaging } = world()
      const [channel] = channels
      const sessions = [await listen(world().app, user('alice')), await listen(world().app, user('bob'))]
      const sent = await Promise.all(Array.from({ length: 60 }, (_, number) => send(channel!, `${number}`)))
      await send(channel!, 'end')
      const listed: string[] = []
      for (let NextToken: string | undefined; ;) {
        const page = await messaging.listChannelMessages({
          ChannelArn: channel!,
          ChimeBearer: user('bob'),
          SortOrder: 'ASCENDING',
          NextToken,
        })
        listed.push(...page.ChannelMessages!.map(({ MessageId }) => MessageId!))
        NextToken = page.NextToken
        if (!NextToken) break
      }
      expect(listed).toHaveLength(sent.length + 1)
      for (const session of sessions) {
        const heard = await session.until(({ payload }) => payload?.['Content'] === 'end')
        expect(heard.map(({ payload }) => payload!['MessageId'])).toEqual(listed.slice(0, -1))
      }
    })
  },
  { connectionsPerUser: '1000' },
)
