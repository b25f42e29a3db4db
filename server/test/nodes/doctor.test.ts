import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { expect, onTestFinished, test } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { subjectsFor } from '../../src/nodes/open-nats-bus.ts'
import { createLog } from '../../src/observe/log.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { nobodysPort } from '../support/ports.ts'
import { keyVariables, main, run, safeKeyVariables, serve, temporaryFolder } from '../support/process.ts'
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

    const gone = nobodysPort
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
    connection.subscribe((await subjectsFor(a.app.db, createLog('fatal'))).rollCall, {
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

test.skipIf(!hasNats)('carillon doctor says which nodes have other settings than the others, or than the command', async () => {
  const { url } = await startNats()
  const databaseUrl = await createPostgresDatabase({ made: true })
  const flags = ['--database-url', databaseUrl, '--nats-url', url]
  const nodeWith = async (env: Record<string, string>, ...own: string[]) => {
    const node = serve(['--port', '0', ...flags, ...own], { env })
    return new URL(await node.url()).port
  }
  const doctor = async (...own: string[]) =>
    run(process.execPath, [main, 'doctor', '--no-tls', ...flags, ...own], { env: safeKeyVariables })
  const first = await nodeWith(safeKeyVariables, '--region', 'eu-central-1', '--calls-at-once', '17')
  expect((await doctor('--region', 'eu-central-1')).stdout).not.toContain('The settings differ')
  const apart = await doctor('--limit-content-bytes', '5000')
  const others = '--region and --limit-content-bytes'
  expect(apart.stdout).toMatch(
    new RegExp(`^advice: The settings differ: \\S+:${first} has other values than this command for ${others}\\.$`, 'm'),
  )
  const second = await nodeWith(keyVariables, '--region', 'eu-central-1', '--search', 'on')
  const mixed = await doctor('--region', 'eu-central-1')
  expect(mixed.code).toBe(1)
  const wrong = '--search and the root key'
  expect(mixed.stdout).toMatch(
    new RegExp(`^fault: The settings differ: \\S+:${second} has other values than this command for ${wrong}\\.$`, 'm'),
  )
})

test.skipIf(!hasNats)(
  'carillon doctor says that NATS accepts small messages only, and which subjects it refuses; a node logs the first',
  async () => {
    const file = join(await temporaryFolder(), 'nats.conf')
    const permissions = '{ publish: { deny: "carillon.*.*.channel.>" }, subscribe: { deny: "carillon.*.*.presence" } }'
    await writeFile(file, `max_payload: 65536\nauthorization { users: [ { user: u, password: p, permissions: ${permissions} } ] }\n`)
    const nats = await startNats(['-c', file])
    const natsUrl = nats.url.replace('//', '//u:p@')
    const databaseUrl = await createPostgresDatabase({ made: true })
    const node = serve(['--port', '0', '--database-url', databaseUrl, '--nats-url', natsUrl], { env: keyVariables })
    await node.url()
    await expect.poll(() => node.stderr).toMatch(/"maxPayload":65536,"needed":524288,"msg":"NATS does not accept the largest messages/)
    const flags = ['--database-url', databaseUrl, '--no-tls', '--nats-url', natsUrl]
    const { code, stdout } = await run(process.execPath, [main, 'doctor', ...flags], { env: safeKeyVariables })
    expect(code).toBe(1)
    expect(stdout).toMatch(/^fault: NATS at \S+ accepts 65536 bytes in a message, and those of nodes may have 524288\.$/m)
    expect(stdout.match(/^fault: NATS at \S+ refuses its user a subject of the nodes\.\n.*$/gm)).toEqual([
      expect.stringMatching(/Permissions Violation for Publish to "carillon\.\S+\.channel\.0"/),
      expect.stringMatching(/Permissions Violation for Subscription to "carillon\.\S+\.presence"/),
    ])
    expect(node.stderr).not.toContain('cannot be read')
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
