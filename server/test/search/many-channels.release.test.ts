import { expect, test } from 'vitest'
import { open, say } from '../api/acts.ts'
import { onBothDatabases } from '../support/world.ts'

onBothDatabases(
  'SearchMessages',
  world => {
    test('searches the 200 channels with the newest messages of a member who is in more, and says so', async () => {
      const { carillon, appInstance } = world()
      const { user } = await appInstance(['ann'])
      const ann = user('ann')
      const channels: string[] = []
      for (let number = 0; number < 201; number++) channels.push(await open(world(), ann))
      for (const [index, ChannelArn] of channels.entries()) await say(world(), ann, ChannelArn, index === 0 ? 'first word' : 'a word')
      const search = async (more: object) => {
        const { FoundMessages, SearchedAllChannels } = await carillon.call('SearchMessages', {
          SearchText: 'first',
          ChimeBearer: ann,
          ...more,
        })
        return [FoundMessages!.length, SearchedAllChannels]
      }
      const oldest = { ChannelArn: channels[0]! }
      await expect.poll(() => search(oldest), { interval: 50 }).toEqual([1, true])
      expect(await search({})).toEqual([0, false])
      await say(world(), ann, oldest.ChannelArn, 'first again')
      await expect.poll(() => search({}), { interval: 50 }).toEqual([2, false])
    })
  },
  { search: 'on' },
)
