import { expect, test } from 'vitest'
import { listen } from '../support/sockets.ts'
import { onBothDatabases } from '../support/world.ts'
import { channelsOfBob } from './channels-of-bob.ts'

onBothDatabases(
  'a session follows its memberships, whatever else happens',
  world => {
    test('every event from SESSION_ESTABLISHED on arrives, in every channel, whatever else happens', async () => {
      const { user, channels, send } = await channelsOfBob(world(), 10, ['alice'])
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
      const { user, channels, send, join, leave } = await channelsOfBob(world(), 8)
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
  },
  { connectionsPerUser: '1000' },
)
