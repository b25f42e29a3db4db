import { expect, test } from 'vitest'
import { call } from '../support/signed.ts'
import { databaseKinds, startWorld } from '../support/world.ts'
import { RawConnection } from '../support/raw.ts'
import { signedHeaders } from '../support/signed.ts'

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

test('the session endpoint never ends with :443, and a public host wins over that of the call', async () => {
  for (const [publicWsHost, expected] of [
    ['chat.example.com', 'chat.example.com'],
    ['chat.example.com:443', 'chat.example.com'],
    ['chat.example.com:8443', 'chat.example.com:8443'],
    ['[::1]:8443', '[::1]:8443'],
  ] as const) {
    const world = await startWorld('sqlite', { publicWsHost })
    try {
      expect((await world.messaging.getMessagingSessionEndpoint({})).Endpoint).toEqual({ Url: expected })
    } finally {
      await world.close()
    }
  }
  const world = await startWorld('sqlite')
  try {
    const headers = await signedHeaders('http://chat.example.com', world.app.rootKey, { path, headers: { host: 'chat.example.com:443' } })
    const connection = await RawConnection.open(world.app.url)
    connection.send(
      `GET ${path} HTTP/1.1\r\n${Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')}\r\n`,
    )
    const answer = await connection.answer()
    connection.end()
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: '{"Endpoint":{"Url":"chat.example.com"}}' })
  } finally {
    await world.close()
  }
})
