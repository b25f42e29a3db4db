import { expect, test } from 'vitest'
import { resumableOf } from '../gateway/resumable.ts'
import { onBothDatabases } from '../support/world.ts'
import { hears, phoneOfBob } from './phone.ts'

onBothDatabases(
  'A client of a phone',
  world => {
    test.each(['OkHttp', 'Starscream'] as const)('such as %s resumes after each code with which the server closes', async kind => {
      const { connect, say, close } = await phoneOfBob(world())
      let phone = await connect(kind)
      for (const code of [1012, 1013, 1001]) {
        await say(`before ${code}`)
        await hears(phone, `before ${code}`)
        await close(code)
        await expect.poll(() => phone.closeCode).toBe(code)
        await say(`missed at ${code}`)
        phone = await connect(kind)
        await hears(phone, `missed at ${code}`)
      }
    })

    test.each(['OkHttp', 'Starscream'] as const)('such as %s is sent nothing after its application has stopped the session', async kind => {
      const { connect, say, bob } = await phoneOfBob(world())
      const phone = await connect(kind)
      await expect.poll(() => resumableOf(world(), bob)).toBe(1)
      await phone.stop()
      await expect.poll(() => resumableOf(world(), bob)).toBe(0)
      await say('missed')
      const back = await connect(kind)
      await say('after')
      await hears(back, 'after')
      expect(back.contents).toEqual(['after'])
    })

    test('gets a pong for each of its own pings, which are empty', async () => {
      const phone = await (await phoneOfBob(world())).connect('OkHttp')
      phone.ping()
      await expect.poll(() => phone.pongs).toEqual([''])
    })
  },
  { testMode: 'on' },
)
