import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../support/ports.ts'
import { Program, root, run, serve, temporaryFolder } from '../support/process.ts'
import { blocksOf, exportsOf } from './page.ts'

const blocks = await blocksOf('eventbridge.md')

test('docs/eventbridge.md works as written: the consumer of the page receives a failure, and prints what the page shows', async () => {
  const [destinations = ''] = blocks('Try it', 'json')
  const [starts = '', ...commands] = blocks('Try it', 'sh')
  const [consumer = '', fail = ''] = blocks('Try it', 'js')
  const [printed = ''] = blocks('Try it', '')
  expect(commands).toEqual(['node fail.mjs\n'])
  const [startsConsumer = '', startsServer = ''] = starts.trim().split('\n')
  const secret = { EVENTS_SECRET: /^EVENTS_SECRET=(\S+) node events\.mjs$/.exec(startsConsumer)![1]! }
  expect(startsServer).toBe(`EVENTS_SECRET=${secret.EVENTS_SECRET} npm start -- --destinations destinations.json`)
  const cwd = await temporaryFolder()
  await symlink(join(root, 'node_modules'), join(cwd, 'node_modules'))
  const port = String(await freePort())
  await writeFile(join(cwd, 'destinations.json'), destinations.replace('9300', port))
  await writeFile(join(cwd, 'events.mjs'), consumer.replace('9300', port))
  await writeFile(join(cwd, 'fail.mjs'), fail)

  const consuming = new Program(process.execPath, ['events.mjs'], { cwd, env: secret })
  await consuming.printed(/The consumer listens/)
  const server = serve(['--port', '0', '--data', cwd, '--destinations', 'destinations.json'], { cwd, env: secret })
  await server.url()
  expect(await run(process.execPath, ['fail.mjs'], { cwd, env: exportsOf(server.stdout) })).toEqual({ code: 0, stdout: '', stderr: '' })
  await consuming.printed(/Lex Failure: .*\n/)
  expect(consuming.stdout).toBe(printed)
  expect(server.stderr).toContain('A delivery has failed; EventBridge gets an event about it')
})
