import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { metric } from '../gateway/raw-session.ts'
import { onBothDatabases } from '../support/world.ts'
import { hears, phoneOfBob } from './phone.ts'

onBothDatabases(
  'A client of a phone',
  world => {
    test('that does not answer a Close is cut off after seconds, and its new connection is not disturbed by that', async () => {
      const { connect, say, close } = await phoneOfBob(world())
      const first = await connect('OkHttp')
      await close(1012)
      await expect.poll(() => first.closeCode).toBe(1012)
      const second = await connect('OkHttp')
      await say('meanwhile')
      await hears(second, 'meanwhile')
      const sessions = await metric('carillon_sessions', world())
      await first.cutOff
      await say('after')
      await hears(second, 'after')
      expect(second.closeCode).toBeUndefined()
      await expect.poll(() => metric('carillon_sessions', world())).toBe(sessions - 1)
      // Until the client has confirmed that, and longer than a client is sent events again anyway.
      await setTimeout(10_000)
      second.lose()
      await say('missed')
      const third = await connect('OkHttp')
      await hears(third, 'missed')
      expect(third.contents).toEqual(['missed'])
    })
  },
  { testMode: 'on' },
)
