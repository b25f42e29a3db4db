import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { connect } from '@nats-io/transport-node'
import { expect, onTestFinished, test } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { subjectsFor } from '../../src/nodes/open-nats-bus.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { freePort } from '../support/ports.ts'
import { main, run, safeKeyVariables } from '../support/process.ts'
import { createPostgresDatabase, startWorld } from '../support/world.ts'

async function startNode(databaseUrl: string, natsUrl: string) {
  const node = await startWorld('postgres', { databaseUrl, natsUrl })
  onTestFinished(() => node.close())
  return { ...node, port: new URL(node.app.url).port }
}

test.skipIf(!hasNats)(
  'carillon doctor says which servers of NATS and which nodes answer, and reports other versions, wrong clocks and a node on another NATS',
  async () => {
    const databaseUrl = await createPostgresDatabase()
    const [nats, other] = [await startNats(), await startNats()]
    const doctor = async (...flags: string[]) =>
      run(process.execPath, [main, 'doctor', '--database-url', databaseUrl, '--no-tls', ...flags], { env: safeKeyVariables })
    const [a, b] = [await startNode(databaseUrl, nats.url), await startNode(databaseUrl, nats.url)]

    const well = await doctor('--nats-url', nats.url)
    expect([well.code, well.stderr]).toEqual([0, ''])
    expect(well.stdout).toMatch(/^good: 2 nodes are alive: /m)
    expect(well.stdout).toMatch(new RegExp(`^good: NATS at 127\\.0\\.0\\.1:${nats.port} answers within \\d+ ms\\.$`, 'm'))
    for (const { port } of [a, b]) {
      expect(well.stdout).toMatch(new RegExp(`^good: The node \\S+:${port} answers over NATS within \\d+ ms\\.$`, 'm'))
      expect(well.stdout).toMatch(new RegExp(`^good: The clock of the node \\S+:${port} is within a second of the clock of this`, 'm'))
    }
    expect(well.stdout).toContain(`good: All nodes have version ${packageFile.version}, as this command.\n`)

    const gone = await freePort()
    const half = await doctor('--nats-url', `${nats.url},nats://127.0.0.1:${gone}`)
    expect(half.code).toBe(1)
    expect(half.stdout).toMatch(new RegExp(`^good: NATS at 127\\.0\\.0\\.1:${nats.port} answers within`, 'm'))
    expect(half.stdout).toMatch(new RegExp(`^fault: NATS at 127\\.0\\.0\\.1:${gone} cannot be used\\.\\n {8}.*ECONNREFUSED`, 'm'))
    expect(half.stdout.match(/^good: The node \S+ answers over NATS/gm)).toHaveLength(2)

    const empty = await startNats()
    const apart = await doctor('--nats-url', `${nats.url},${empty.url}`)
    expect([apart.code, apart.stdout]).toEqual([
      1,
      expect.stringMatching(/^fault: These nodes are alive, but do not answer over this NATS: /m),
    ])
    const nobody = await doctor('--nats-url', empty.url)
    expect(nobody.code).toBe(1)
    expect(nobody.stdout).toMatch(/^good: NATS at \S+ answers within \d+ ms\.$/m)
    expect(nobody.stdout).toMatch(/^fault: These nodes are alive, but do not answer over this NATS: /m)

    const without = await doctor()
    expect([without.code, without.stdout]).toEqual([
      1,
      expect.stringContaining('fault: The nodes use NATS, and this command has no --nats-url.'),
    ])

    // A node of another version, whose clock is wrong.
    const connection = await connect({ servers: `127.0.0.1:${nats.port}` })
    onTestFinished(() => connection.close())
    connection.subscribe((await subjectsFor(a.app.db)).rollCall, {
      callback: (_, request) => {
        request.respond(JSON.stringify({ id: 'odd', name: 'odd:1', version: '99.0.0', at: Date.now() + 5000 }))
        request.respond('nonsense')
      },
    })
    await connection.flush()
    const c = await startNode(databaseUrl, other.url)
    const ill = await doctor('--nats-url', nats.url)
    expect(ill.code).toBe(1)
    expect(ill.stdout).toMatch(/^fault: The clock of the node odd:1 is [45](?:\.\d)? seconds ahead of the clock of this machine\.$/m)
    expect(ill.stdout).toMatch(/^advice: The versions differ: this command has .*odd:1 has 99\.0\.0/m)
    expect(ill.stdout).toMatch(new RegExp(`^fault: These nodes are alive, but do not answer over this NATS: \\S+:${c.port}\\.$`, 'm'))

    await nats.stop()
    const away = await doctor('--nats-url', nats.url)
    expect([away.code, away.stdout]).toEqual([
      1,
      expect.stringMatching(new RegExp(`^fault: NATS at 127\\.0\\.0\\.1:${nats.port} cannot be used`, 'm')),
    ])
  },
)

test('carillon doctor ends although a NATS that does not answer keeps its connection open', async () => {
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  onTestFinished(() => void silent.close())
  const { port } = silent.address() as AddressInfo
  const flags = ['--database-url', await createPostgresDatabase({ made: true }), '--no-tls', '--nats-url', `nats://127.0.0.1:${port}`]
  const { code, stdout } = await run(process.execPath, [main, 'doctor', ...flags], { env: safeKeyVariables })
  expect([code, stdout]).toEqual([1, expect.stringMatching(/^fault: NATS at \S+ cannot be used\.\n {8}timeout$/m)])
})
