import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readDestinations } from '../../src/settings/destinations.ts'
import { open, say } from '../api/acts.ts'
import { streamArn, worldWith } from '../outbox/mapped.ts'
import { hasNats, startNats } from '../support/nats.ts'
import { freePort } from '../support/ports.ts'
import { Program, root, run, serve, temporaryFolder } from '../support/process.ts'
import { blocksOf, exportsOf } from './page.ts'

const blocks = await blocksOf('streaming.md')

test('docs/streaming.md works as written: the consumer of the page receives what happens, and prints what the page shows', async () => {
  const [destinations = ''] = blocks('Try it', 'json')
  const [starts = '', ...commands] = blocks('Try it', 'sh')
  const [consumer = '', stream = ''] = blocks('Try it', 'js')
  const [printed = ''] = blocks('Try it', '')
  expect(commands).toEqual(['node stream.mjs\n'])
  const [startsConsumer = '', startsServer = ''] = starts.trim().split('\n')
  const secret = { AUDIT_SECRET: /^AUDIT_SECRET=(\S+) node consumer\.mjs$/.exec(startsConsumer)![1]! }
  expect(startsServer).toBe(`AUDIT_SECRET=${secret.AUDIT_SECRET} npm start -- --destinations destinations.json`)
  const cwd = await temporaryFolder()
  await symlink(join(root, 'node_modules'), join(cwd, 'node_modules'))
  const port = String(await freePort())
  await writeFile(join(cwd, 'destinations.json'), destinations.replace('9100', port))
  await writeFile(join(cwd, 'consumer.mjs'), consumer.replace('9100', port))
  await writeFile(join(cwd, 'stream.mjs'), stream)

  const consuming = new Program(process.execPath, ['consumer.mjs'], { cwd, env: secret })
  await consuming.printed(/The consumer listens/)
  const server = serve(['--port', '0', '--data', cwd, '--destinations', 'destinations.json'], { cwd, env: secret })
  await server.url()
  expect(await run(process.execPath, ['stream.mjs'], { cwd, env: exportsOf(server.stdout) })).toEqual({ code: 0, stdout: '', stderr: '' })
  await consuming.printed(/CREATE_CHANNEL_MESSAGE/)
  expect(consuming.stdout).toBe(printed)
})

test.skipIf(!hasNats)('the NATS consumer of docs/streaming.md prints the records that arrived since it last ran', async () => {
  const [archive = ''] = blocks('To a webhook, a file or NATS', 'js')
  const nats = await startNats(['-js', '-sd', await temporaryFolder()])
  const cwd = await temporaryFolder()
  await symlink(join(root, 'node_modules'), join(cwd, 'node_modules'))
  await writeFile(join(cwd, 'archive.mjs'), archive)
  const started = async () => {
    const program = new Program(process.execPath, ['archive.mjs'], { cwd, env: { NATS_URL: nats.url } })
    await program.printed(/The archive listens/)
    return program
  }
  const first = await started()
  const { stream, world, ann } = await worldWith('sqlite', () => ({
    [streamArn]: { type: 'nats', url: nats.url, subject: 'carillon.records' },
  }))
  await stream()
  const channel = await open(world, ann, { Name: 'audited' })
  await first.printed(/CREATE_CHANNEL audited\nCREATE_CHANNEL_MEMBERSHIP ann\nCREATE_CHANNEL_MODERATOR ann\n/)
  first.kill('SIGKILL')
  await first.exit()
  await say(world, ann, channel, 'while it was away')
  const second = await started()
  await second.printed(/while it was away/)
  expect(second.stdout).toBe('The archive listens\nCREATE_CHANNEL_MESSAGE while it was away\n')
})

test('the server accepts the file of destinations of docs/streaming.md', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'destinations.json')
  const [example = ''] = blocks('To a webhook, a file or NATS', 'json')
  await writeFile(join(folder, 'secret'), 'a secret of twenty characters\n')
  await writeFile(file, example.replace('/run/secrets/audit', join(folder, 'secret')))
  const { streams, functions } = await readDestinations(file, { WORDS_SECRET: 'another secret of that kind' })
  expect([[...streams.values()].map(({ type }) => type), functions.size]).toEqual([['webhook', 'file', 'nats'], 1])
})
