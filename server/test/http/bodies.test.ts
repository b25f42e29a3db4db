import { expect, onTestFinished, test } from 'vitest'
import { claiming } from '../support/claims.ts'
import { RawConnection, raw, type RawAnswer } from '../support/raw.ts'
import { signedHeaders } from '../support/signed.ts'
import { clientsOf, startWorld } from '../support/world.ts'

async function ownWorld(settings: Record<string, string> = {}) {
  const world = await startWorld('sqlite', settings)
  onTestFinished(() => world.close())
  return world.app
}

const head = (path: string, length: number, more = '') =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\n${more}content-type: application/json\r\ncontent-length: ${length}\r\n\r\n`

const typeOf = (body: string) => (JSON.parse(body) as { Code: string }).Code

test('an unknown caller is refused before the body, which need not arrive for that, and the connection stays', async () => {
  const { url } = await ownWorld()
  const connection = await RawConnection.open(url)
  const cases = [
    ['/channels', '', 403, 'MissingAuthenticationToken'],
    ['/channels', claiming('AKIAUNKNOWN'), 403, 'UnrecognizedClient'],
    ['/channels', `${claiming('AKIATESTTESTTESTTEST')}x-amz-security-token: x\r\n`, 403, 'UnrecognizedClient'],
    ['/channels', 'authorization: Basic eDp5\r\n', 400, 'IncompleteSignature'],
  ] as const
  for (const [path, more, status, code] of cases) {
    connection.send(head(path, 400_000, more))
    const answer = await connection.answer()
    expect([answer.status, typeOf(answer.body)]).toEqual([status, code])
    connection.send('x'.repeat(400_000))
  }
  connection.send(head('/', 400_000, claiming('AKIAUNKNOWN').replace('/chime/', '/sts/')))
  const sts = await connection.answer()
  expect([sts.status, sts.body]).toEqual([403, expect.stringContaining('<Code>InvalidClientTokenId</Code>')])
  connection.send('x'.repeat(400_000))
  // A body without a signature is short.
  connection.send(head('/', 400_000))
  const unsigned = await connection.answer()
  expect([unsigned.status, unsigned.body]).toEqual([413, expect.stringContaining('At most 65536 bytes are allowed.')])
})

function expectRefused(answer: RawAnswer) {
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
  expect(JSON.parse(answer.body)).toEqual({
    Code: 'ServiceUnavailable',
    Message: 'The service is temporarily unavailable',
    Reason: 'The bodies of other requests use up the memory for bodies. Try again.',
  })
}

test('the memory of all bodies is bounded, even from this machine; others get an error to retry, and later there is room', async () => {
  const { url, rootKey } = await ownWorld({ bodyMemory: '1' })
  const known = claiming(rootKey.accessKeyId)
  const size = 500_000
  const begin = async () => {
    const connection = await RawConnection.open(url)
    connection.send(head('/channels', size, known))
    connection.send('x'.repeat(size - 1))
    return connection
  }
  const connections = await Promise.all(Array.from({ length: 8 }, begin))
  const answered = new Set<RawConnection>()
  const waiting = connections.map(async connection => {
    const answer = await connection.answer()
    answered.add(connection)
    return answer
  })
  // Two of them fit into the memory.
  await expect.poll(() => answered.size).toBeGreaterThanOrEqual(6)
  const kept = connections.filter(connection => !answered.has(connection))
  for (const connection of kept) connection.send('x')
  const answers = await Promise.all(waiting)
  // A signature without a date is refused after the body has arrived.
  expect(answers.filter(({ status }) => status === 400)).toHaveLength(kept.length)
  for (const answer of answers.filter(({ status }) => status !== 400)) expectRefused(answer)
  // Refused clients may continue to send: the rest of the body is discarded.
  for (const connection of connections) {
    if (!kept.includes(connection)) connection.send('x')
    connection.send(head('/channels', 2, known))
    connection.send('{}')
    expect((await connection.answer()).status).toBe(400)
    connection.end()
  }
  // No memory is held for a body that was cut off.
  for (let round = 0; round < 5; round++) {
    const cut = await begin()
    cut.vanish()
  }
  await expect.poll(async () => (await raw(url, `${head('/channels', size, known)}${'x'.repeat(size)}`)).status).toBe(400)
})

test('a body that arrives byte by byte, in chunks, is assembled as it was signed', async () => {
  const { url, rootKey } = await ownWorld()
  const body = JSON.stringify({ Name: 'in pieces', Metadata: 'äöü'.repeat(100), ClientRequestToken: 'pieces' })
  const headers = await signedHeaders(url, rootKey, { method: 'POST', path: '/app-instances', body })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const connection = await RawConnection.open(url)
  connection.send(`POST /app-instances HTTP/1.1\r\n${lines.join('')}transfer-encoding: chunked\r\n\r\n`)
  for (const byte of Buffer.from(body)) connection.send(Buffer.from([...Buffer.from('1\r\n'), byte, ...Buffer.from('\r\n')]))
  connection.send('0\r\n\r\n')
  expect((await connection.answer()).status).toBe(201)
  const { identity } = clientsOf({ url, rootKey })
  expect((await identity.listAppInstances({})).AppInstances?.map(({ Name, Metadata }) => [Name, Metadata])).toEqual([
    ['in pieces', 'äöü'.repeat(100)],
  ])
  identity.destroy()
})
