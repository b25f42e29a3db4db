import { expect, test } from 'vitest'
import { listen, Listening, presignedUrl } from '../support/sockets.ts'
import { onBothDatabases } from '../support/world.ts'

onBothDatabases('connecting', world => {
  test('a user that signs is told at once that the session is established', async () => {
    const { app } = world()
    const { user } = await world().appInstance(['alice'])
    const alice = await listen(app, user('alice'))
    expect(alice.events).toEqual([
      {
        type: 'SESSION_ESTABLISHED',
        headers: { 'x-amz-chime-event-type': 'SESSION_ESTABLISHED', 'x-amz-chime-message-type': 'SYSTEM' },
        payload: undefined,
      },
    ])
  })

  test('a wrong secret is told with 4401 and why', async () => {
    const { app } = world()
    const { user } = await world().appInstance(['alice'])
    const key = { ...app.rootKey, secretAccessKey: 'another' }
    const alice = new Listening(await presignedUrl(app, user('alice'), { key }))
    expect(await alice.closed).toEqual({ code: 4401, reason: expect.stringMatching(/^Unauthorized: signature mismatch/) })
    expect(alice.events).toEqual([])
  })
})
