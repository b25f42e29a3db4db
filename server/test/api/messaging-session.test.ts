import { expect, test } from 'vitest'
import { call, signedHeaders } from '../support/signed.ts'
import { databaseKinds, startWorld, type World } from '../support/world.ts'
import { raw } from '../support/raw.ts'

const path = '/endpoints/messaging-session'

test.each(databaseKinds)('the session endpoint is the host of the call, without scheme, for each network type, on %s', async kind => {
  const world = await startWorld(kind)
  try {
    const { host } = new URL(world.app.url)
    for (const NetworkType of [undefined, 'IPV4_ONLY', 'DUAL_STACK'] as const) {
      const { Endpoint } = await world.messaging.getMessagingSessionEndpoint({ NetworkType })
      expect(Endpoint).toEqual({ Url: host })
    }
    const elsewhere = world.app.url.replace('127.0.0.1', 'localhost')
    expect((await call(elsewhere, world.app.rootKey, { path })).json()).toEqual({ Endpoint: { Url: new URL(elsewhere).host } })
  } finally {
    await world.close()
  }
})

test('with TLS on, the session endpoint is the host name of the call with the TLS port, whether the call used TLS or not', async () => {
  const world = await startWorld('sqlite', { tls: 'on' })
  try {
    const { port } = new URL(world.app.tlsUrl!)
    for (const [host, expected] of [
      ['chat.example.com', 'chat.example.com'],
      ['chat.example.com:8080', 'chat.example.com'],
      ['127.0.0.1:443', '127.0.0.1'],
      ['[::1]', '[::1]'],
      ['[::1]:8080', '[::1]'],
    ] as const) {
      expect(await endpointFor(world, host)).toBe(`${expected}:${port}`)
    }
  } finally {
    await world.close()
  }
})

test('the session endpoint never ends with :443, and --public-ws-host wins over the host of the call', async () => {
  for (const [publicWsHost, expected] of [
    ['chat.example.com', 'chat.example.com'],
    ['chat.example.com:443', 'chat.example.com'],
    ['chat.example.com:8443', 'chat.example.com:8443'],
    ['[::1]:8443', '[::1]:8443'],
  ] as const) {
    for (const tls of ['on', 'off']) {
      const world = await startWorld('sqlite', { publicWsHost, tls })
      try {
        expect((await world.messaging.getMessagingSessionEndpoint({})).Endpoint).toEqual({ Url: expected })
      } finally {
        await world.close()
      }
    }
  }
  const world = await startWorld('sqlite')
  try {
    expect(await endpointFor(world, 'chat.example.com:443')).toBe('chat.example.com')
    expect(await endpointFor(world, '[::1]')).toBe('[::1]')
  } finally {
    await world.close()
  }
})

/** The answer to a call that was signed for this host. */
async function endpointFor(world: World, host: string): Promise<unknown> {
  const headers = await signedHeaders('http://anything', world.app.rootKey, { path, headers: { host } })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const answer = await raw(world.app.url, `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  expect(answer.status).toBe(200)
  return JSON.parse(answer.body).Endpoint.Url
}
