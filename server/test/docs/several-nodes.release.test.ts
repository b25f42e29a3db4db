import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { halfARequest } from '../cli/half-a-request.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { network } from '../support/network.ts'
import { freePort } from '../support/ports.ts'
import { keyVariables, Program, root, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { block, haproxy } from '../support/proxies.ts'
import { listen } from '../support/sockets.ts'
import { clientsOf, createPostgresDatabase, makersOf } from '../support/world.ts'

const [withoutBackend] = block('HAProxy', 'haproxy').split(/^backend /m)
const ofPage = withoutBackend! + block('Several nodes', 'haproxy')
// Without the names of containers, which lead nowhere here, and without its limit, for which a test may not open enough files.
const ofCompose = (await readFile(join(root, 'deploy/compose/haproxy.cfg'), 'utf8')).replace(
  / init-addr none resolvers containers|^ *maxconn .*\n/gm,
  '',
)

/** Two nodes on one PostgreSQL behind HAProxy, and a socket of Alice on the first. */
async function startBehind(configuration: string) {
  const databaseUrl = new URL(await createPostgresDatabase({ made: true }))
  const database = await network(Number(databaseUrl.port))
  databaseUrl.port = String(database.port)
  const { url: natsUrl } = await startNats()
  const flags = ['--port', '0', '--trust-proxy', 'loopback', '--database-url', databaseUrl.href, '--nats-url', natsUrl]
  const one = serve(flags, { env: keyVariables })
  const [port, urlOfOne] = [await freePort(), await one.url()]
  const folder = await temporaryFolder()
  const [file, statistics] = [join(folder, 'haproxy.cfg'), join(folder, 'statistics')]
  const portOfTwo = await freePort()
  await writeFile(
    file,
    `global\n    stats socket ${statistics}\n${configuration}`
      .replace(/^ *bind .*$/m, `    bind 127.0.0.1:${port}`)
      .replace(/127\.0\.0\.1:8080|one:8080/, new URL(urlOfOne).host)
      .replace(/127\.0\.0\.1:8081|two:8080/, `127.0.0.1:${portOfTwo}`),
  )
  const proxy = new Program(haproxy, ['-f', file, '-db'])
  const app = { url: `http://127.0.0.1:${port}`, rootKey }
  const isHealthy = async () => (await fetch(`${app.url}/health`).catch(() => undefined))?.ok ?? false
  await expect.poll(isHealthy, { message: proxy.stderr }).toBe(true)
  const { identity, messaging } = clientsOf(app)
  onTestFinished(() => [identity, messaging].forEach(client => client.destroy()))
  const { user } = await makersOf(identity).appInstance(['alice'])
  const socket = await listen(app, user('alice'))
  /** Whether HAProxy sends new requests to the first node. */
  const usesOne = async () => {
    const connection = connect(statistics)
    connection.write('show stat\n')
    const line = (await text(connection)).split('\n').find(each => /^\w+,one,/.test(each))
    return /,UP(?:,| )/.test(line!)
  }
  const two = serve(flags.with(1, String(portOfTwo)), { env: keyVariables })
  await two.url()
  return { database, one, usesOne, urlOfOne, socket, isHealthy, alice: user('alice'), app }
}

const isOpen = ({ socket }: Awaited<ReturnType<typeof listen>>) => socket.readyState === WebSocket.OPEN

describe.skipIf(!existsSync(haproxy) || !hasNats).each([
  ['docs/behind-a-proxy.md', ofPage],
  ['deploy/compose', ofCompose],
])('HAProxy with several nodes, as in %s,', (_, configuration) => {
  test('leaves the sockets of a node that stops to the node, and sends new requests to the other', async () => {
    const { one, urlOfOne, usesOne, socket, isHealthy, alice, app } = await startBehind(configuration)
    const request = await halfARequest(urlOfOne)
    one.kill('SIGTERM')
    await expect.poll(usesOne).toBe(false)
    expect(isOpen(socket)).toBe(true)
    await expect.poll(isHealthy).toBe(true)
    await listen(app, alice)
    request.finish()
    expect(await socket.closed).toEqual({ code: 1012, reason: 'The server restarts' })
  })

  test('ends the sockets of a node that does not answer', async () => {
    const { one, socket } = await startBehind(configuration)
    process.kill(one.pid, 'SIGSTOP')
    onTestFinished(() => one.kill('SIGCONT'))
    const start = performance.now()
    expect((await socket.closed).code).toBe(1006)
    expect(performance.now() - start).toBeLessThan(30_000)
  })

  test.each([
    ['refuses connections', 'cut', 'mend'],
    ['does not answer', 'freeze', 'thaw'],
  ] as const)('leaves all sockets open while the database %s', async (_, begin, end) => {
    const { database, usesOne, socket, isHealthy } = await startBehind(configuration)
    database[begin]()
    await expect.poll(usesOne).toBe(false)
    await expect.poll(isHealthy).toBe(false)
    database[end]()
    await expect.poll(isHealthy).toBe(true)
    expect(isOpen(socket)).toBe(true)
  })
})
