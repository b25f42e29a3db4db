import { once } from 'node:events'
import { connect } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { RawConnection } from '../support/raw.ts'
import { startWorld } from '../support/world.ts'
import { caOf, healthOver } from './clients.ts'

test('plain HTTP, other bytes, an incomplete handshake and an old TLS on the TLS port do not affect the server', async () => {
  const world = await startWorld('sqlite', { tls: 'on' })
  onTestFinished(() => world.close())
  const tlsUrl = world.app.tlsUrl!
  const ca = await caOf(world.folder)
  const attempts = [
    'GET /health HTTP/1.1\r\nhost: x\r\n\r\n',
    '\u0016\u0003\u0001\u0002\u0000nonsense that is no hello',
    'nonsense that is no hello at all',
  ]
  for (const bytes of attempts) {
    const connection = await RawConnection.open(tlsUrl)
    connection.send(Buffer.from(bytes, 'latin1'))
    await connection.closed()
  }
  const silent = await RawConnection.open(tlsUrl)
  const half = await RawConnection.open(tlsUrl)
  half.send(Buffer.from('160301', 'hex'))
  half.vanish()
  const old = connect({
    port: Number(new URL(tlsUrl).port),
    host: '127.0.0.1',
    ca,
    servername: 'localhost',
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
  })
  const [error] = await once(old, 'error')
  expect(error).toMatchObject({ code: expect.stringMatching(/SSL|TLS|RESET/) })
  expect(await healthOver(tlsUrl, ca)).toBe(200)
  silent.end()
})
