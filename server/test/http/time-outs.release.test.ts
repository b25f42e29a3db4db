import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { RawConnection } from '../support/raw.ts'
import { startWorld } from '../support/world.ts'

async function ownWorld(settings: Record<string, string> = {}) {
  const world = await startWorld('sqlite', settings)
  onTestFinished(() => world.close())
  return world
}

test('a head that takes longer than 20 seconds to arrive is refused with 408', async () => {
  const { app } = await ownWorld()
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.setEncoding('utf8').on('data', part => (text += part))
  const start = Date.now()
  socket.write('GET /health HTTP/1.1\r\nhost: x\r\n')
  const dribble = setInterval(() => socket.write('x: y\r\n'), 1000)
  // A part that arrives after the refusal resets the connection.
  socket.on('error', () => {})
  await new Promise(resolve => socket.once('close', resolve))
  clearInterval(dribble)
  expect(Date.now() - start).toBeGreaterThan(19_000)
  expect(Date.now() - start).toBeLessThan(45_000)
  expect(text).toMatch(/^HTTP\/1\.1 408 RequestTimeout\r\n[^]*"Message":"The request took too long to arrive"/)
})

/** How long the server waits for the rest of a request that begins like this. */
async function secondsUntilClosed(url: string, beginning: Buffer | string): Promise<number> {
  const connection = await RawConnection.open(url)
  const start = Date.now()
  if (beginning.length > 0) connection.send(beginning)
  await connection.closed()
  return (Date.now() - start) / 1000
}

test('a handshake that does not end is closed after ten seconds', async () => {
  const { app } = await ownWorld({ tls: 'on' })
  expect(await secondsUntilClosed(app.tlsUrl!, Buffer.from('1603010200', 'hex'))).toBeGreaterThan(9)
})

test('an endless PROXY header is given up after five seconds, and a connection with a refused one is closed', async () => {
  const { app } = await ownWorld({ proxyHeaders: 'proxy-protocol', trustProxy: 'loopback' })
  const beginnings = ['', 'PROXY ', 'PROXY TCP4 203.0.113.7', '\r\n\r\n\0\r\nQUIT\n!']
  const waited = await Promise.all(beginnings.map(async beginning => secondsUntilClosed(app.url, Buffer.from(beginning, 'latin1'))))
  expect(Math.min(...waited)).toBeGreaterThan(4.5)
  // By the end of the test, at the latest.
  await secondsUntilClosed(app.url, 'nonsense')
  const vanished = await RawConnection.open(app.url)
  vanished.send('PROXY ')
  vanished.vanish()
  const served = await RawConnection.open(app.url)
  served.send('PROXY UNKNOWN\r\nGET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  expect((await served.answer()).status).toBe(200)
})
