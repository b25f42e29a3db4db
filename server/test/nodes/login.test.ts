import { expect, test } from 'vitest'
import { hasNats, startNats } from '../support/nats.ts'
import { createPostgresDatabase, startWorld } from '../support/world.ts'

/** Whether a server starts with these settings. */
async function outcome(settings: Record<string, string>) {
  try {
    const node = await startWorld('postgres', { databaseUrl: await createPostgresDatabase(), ...settings })
    await node.close()
    return 'starts'
  } catch (error) {
    return (error as Error).message
  }
}

const refusal = /^NATS at 127\.0\.0\.1:\d+ cannot be used: .*Authorization Violation.*\.$/i

test.skipIf(!hasNats)(
  'a user is named in the URL or by settings, and a wrong password is refused at start without being shown',
  async () => {
    const { port, url } = await startNats(['--user', 'carillon', '--pass', 'se/cret'])
    expect(await outcome({ natsUrl: `nats://carillon:se%2Fcret@127.0.0.1:${port}` })).toBe('starts')
    expect(await outcome({ natsUrl: url, natsUser: 'carillon', natsPassword: 'se/cret' })).toBe('starts')
    expect(await outcome({ natsUrl: `nats://carillon:wrong@127.0.0.1:${port}` })).toMatch(refusal)
  },
)

test.skipIf(!hasNats)('a token is a login', async () => {
  const { url } = await startNats(['--auth', 'secret'])
  expect(await outcome({ natsUrl: url, natsToken: 'secret' })).toBe('starts')
  expect(await outcome({ natsUrl: url, natsToken: 'wrong' })).toMatch(refusal)
})
