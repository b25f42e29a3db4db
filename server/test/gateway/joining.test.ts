import { expect, test } from 'vitest'
import { listen } from '../support/sockets.ts'
import { onBothDatabases } from '../support/world.ts'

onBothDatabases(
  'a session follows its memberships',
  world => {
    /** Bob moderates channels that alice is in, or is not. */
    async function scene(channels: number, members: readonly string[] = []) {
      const { messaging } = world()
      const { arn, user } = await world().appInstance(['alice', 'bob'])
      const made: string[] = []
      for (let number = 0; number < channels; number++) {
        const { ChannelArn } = await messaging.createChannel({
          AppInstanceArn: arn,
          Name: 'channel',
          ...(members.length > 0 ? { MemberArns: members.map(user) } : {}),
          ClientRequestToken: crypto.randomUUID(),
          ChimeBearer: user('bob'),
        })
        made.push(ChannelArn!)
      }
      const send = (channel: string, content: string) =>
        messaging.sendChannelMessage({
          ChannelArn: channel,
          Content: content,
          Type: 'STANDARD',
          Persistence: 'PERSISTENT',
          ClientRequestToken: crypto.randomUUID(),
          ChimeBearer: user('bob'),
        })
      const membership = (channel: string) => ({ ChannelArn: channel, MemberArn: user('alice'), ChimeBearer: user('bob') })
      const join = (channel: string) => messaging.createChannelMembership({ ...membership(channel), Type: 'DEFAULT' })
      const leave = (channel: string) => messaging.deleteChannelMembership(membership(channel))
      return { user, channels: made, send, join, leave }
    }

    test('a member who joins hears what follows, and a member who leaves hears the leave and no more', async () => {
      const { user, channels, send, join, leave } = await scene(1)
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

    test('every event from SESSION_ESTABLISHED on arrives, in every channel, whatever else happens', async () => {
      const { user, channels, send } = await scene(10, ['alice'])
      const noise = (async () => {
        let number = 0
        for (; number < 60; number++) await send(channels[number % 10]!, 'noise')
        return number
      })()
      for (let round = 0; round < 5; round++) {
        const alice = await listen(world().app, user('alice'))
        await Promise.all(channels.map(channel => send(channel, `round ${round}`)))
        const missing = new Set(channels)
        while (missing.size > 0) {
          const { payload } = await alice.next()
          if (payload?.['Content'] === `round ${round}`) missing.delete(payload['ChannelArn'] as string)
        }
        alice.socket.terminate()
      }
      expect(await noise).toBe(60)
    })

    test('memberships that change while a session connects are followed', async () => {
      const { user, channels, send, join, leave } = await scene(8)
      for (let round = 0; round < 6; round++) {
        // Even channels are joined and odd ones left, while three sessions connect.
        const changes = Promise.all(
          channels.map(async (channel, number) => {
            if (number % 2 === round % 2) await join(channel)
            else await leave(channel)
          }),
        )
        const sessions = await Promise.all(Array.from({ length: 3 }, () => listen(world().app, user('alice'))))
        await changes
        await Promise.all(channels.map(channel => send(channel, `round ${round}`)))
        await join(channels[0]!)
        await send(channels[0]!, `end ${round}`)
        for (const alice of sessions) {
          const heard = await alice.until(({ payload }) => payload?.['Content'] === `end ${round}`)
          const inChannels: string[] = heard
            .filter(({ payload }) => payload?.['Content'] === `round ${round}`)
            .map(({ payload }) => String(payload!['ChannelArn']))
          expect(inChannels.toSorted()).toEqual(channels.filter((_, number) => number % 2 === round % 2).toSorted())
          alice.socket.terminate()
          await alice.closed
        }
        if (round % 2 === 1) await leave(channels[0]!)
      }
    })

    test('members hear the events of a channel in the order in which they happened, each once', async () => {
      const { user, channels, send } = await scene(1, ['alice'])
      const { messaging } = world()
      const [channel] = channels
      const sessions = [await listen(world().app, user('alice')), await listen(world().app, user('bob'))]
      const sent = await Promise.all(Array.from({ length: 200 }, (_, number) => send(channel!, `${number}`)))
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
