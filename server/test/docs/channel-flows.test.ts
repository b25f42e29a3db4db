import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NotReached } from '../../src/outbox/delivery.ts'
import { whyNotInvoked } from '../../src/outbox/lambda.ts'
import { WebhookRefusal } from '../../src/outbox/webhook.ts'
import { freePort } from '../support/ports.ts'
import { Program, root, run, serve, temporaryFolder } from '../support/process.ts'
import { blocksOf, exportsOf } from './page.ts'

const page = await readFile(join(root, 'docs/channel-flows.md'), 'utf8')
const blocks = await blocksOf('channel-flows.md')

test('docs/channel-flows.md works as written: its processor checks the messages, and its programs print what it shows', async () => {
  const [start = '', ...commands] = blocks('Try it', 'sh')
  const scripts = blocks('Try it', 'js')
  const printed = blocks('Try it', '')
  expect([commands, scripts.length, printed.length]).toEqual([['node processor.mjs\n', 'node flow.mjs\n'], 2, 2])
  // The programs of the page run in a clone, which has the SDK.
  const cwd = await temporaryFolder()
  await symlink(join(root, 'node_modules'), join(cwd, 'node_modules'))
  const port = String(await freePort())
  const flags = start.replace('9000', port).trim().split(/\s+/).slice(3)
  for (const [index, name] of ['processor.mjs', 'flow.mjs'].entries())
    await writeFile(join(cwd, name), scripts[index]!.replace('9000', port))

  const server = serve(['--port', '0', '--data', cwd, ...flags])
  await server.url()
  const env = exportsOf(server.stdout)
  const checking = new Program(process.execPath, ['processor.mjs'], { cwd, env })
  await checking.printed(/The processor listens/)
  const flow = async () => run(process.execPath, ['flow.mjs'], { cwd, env })
  expect(await flow()).toEqual({ code: 0, stdout: printed[0], stderr: '' })
  checking.kill('SIGTERM')
  await checking.exit()
  expect(await flow()).toEqual({ code: 0, stdout: printed[1], stderr: '' })
  expect(server.stderr).toContain(
    'The processor words (arn:aws:lambda:us-east-1:123456789012:function:words) could not be invoked for the message',
  )
})

const status = (httpStatusCode: number) => Object.assign(new Error('x'), { $metadata: { httpStatusCode } })
const named = (name: string) => Object.assign(new Error('x'), { name })

test('the Status.Detail in docs/channel-flows.md is what a message has', () => {
  for (const error of [named('CredentialsProviderError'), named('Error'), status(404), named('TimeoutError')])
    expect(page).toContain(`${whyNotInvoked(error).short}.`)
  const late = Object.assign(new Error('x'), { name: 'TimeoutError' })
  for (const error of [new NotReached('x'), new WebhookRefusal('http://x', 404), new NotReached('x', { cause: late })])
    expect(page).toContain(`${whyNotInvoked(error).short.replace('its webhook', '')}.`)
})
