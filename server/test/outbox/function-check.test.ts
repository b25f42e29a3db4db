import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { startLex } from '../support/lex.ts'
import { nobodysPort } from '../support/ports.ts'
import { keyVariables, main, rootKey, run, serve, temporaryFolder } from '../support/process.ts'
import { processor, startLambda, until } from '../support/processor.ts'
import { clientsOf, makersOf } from '../support/world.ts'

const [lambda, lex] = [await startLambda(), await startLex()]
afterAll(async () => {
  await lambda.close()
  await lex.close()
})

const aliasArn = (alias: string) => `arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/${alias.padEnd(10, 'X')}`

const functionOf = (name: string) => `arn:aws:lambda:us-east-1:123456789012:function:${name}`
const webhook = (url: string) => ({ type: 'webhook', url, secretVariable: 'SECRET' })

test('a function that is missing is reported in the log when its flow is created or changed, and by doctor; one that exists is not', async () => {
  const data = await temporaryFolder()
  const nobody = `http://127.0.0.1:${nobodysPort}`
  const destinations = join(data, 'destinations.json')
  const bus = 'arn:aws:events:us-east-1:000000000000:event-bus/default'
  const entries = { [functionOf('away')]: webhook(nobody), [functionOf('near')]: webhook(lex.url), [aliasArn('AWAY')]: webhook(nobody) }
  await writeFile(destinations, JSON.stringify({ ...entries, [aliasArn('NEAR')]: webhook(lex.url), [bus]: webhook(nobody) }))
  const env = { ...keyVariables, SECRET: 'a secret of twenty characters' }
  const flags = ['--data', data, '--lambda-endpoint', lambda.url, '--destinations', destinations]
  const server = serve(['--port', '0', '--limit-processors-per-flow', '3', ...flags], { env })
  const { identity, messaging } = clientsOf({ url: await server.url(), rootKey })
  onTestFinished(() => {
    identity.destroy()
    messaging.destroy()
  })
  const { arn: AppInstanceArn } = await makersOf(identity).appInstance()
  const there = lambda.define()
  const missing = functionOf('missing')
  const Processors = [there.arn, missing, functionOf('away')].map((arn, index) =>
    processor(arn, { Name: `p${index}`, ExecutionOrder: index + 1 }),
  )
  const { ChannelFlowArn } = await messaging.createChannelFlow({ AppInstanceArn, Name: 'flow', Processors })
  const told = () =>
    server.stderr
      .split('\n')
      .filter(line => line.includes('A processor of a new or changed channel flow cannot be invoked'))
      .map(line => JSON.parse(line) as { flow: string; function: string; reason: string; level: string | number })
  await until(() => told().length === 2)
  expect(told().map(line => [line.flow, line.function, line.reason])).toEqual(
    expect.arrayContaining([
      [ChannelFlowArn, missing, `Lambda has no function ${missing}. Create it first.`],
      [ChannelFlowArn, functionOf('away'), expect.stringContaining(`${nobody} cannot be reached`)],
    ]),
  )
  await messaging.updateChannelFlow({ ChannelFlowArn, Name: 'flow', Processors: [processor(missing)] })
  await until(() => told().length === 3)
  expect(there.invocations).toEqual([])

  const { code, stdout } = await run(process.execPath, [main, 'doctor', ...flags], { env })
  expect(code).toBe(1)
  expect(stdout).toContain(
    `fault: The function ${missing} cannot be invoked.\n        Lambda has no function ${missing}. Create it first.\n`,
  )
  expect(stdout).toContain(`good: The function ${functionOf('near')} can be invoked, as far as can be checked.\n`)
  expect(stdout).toContain(`fault: Bots of the alias ${aliasArn('AWAY')} get no answer.\n        ${nobody} cannot be reached`)
  expect(stdout).toContain(`good: Bots of the alias ${aliasArn('NEAR')} have a service that answers.\n`)
  expect(stdout).toContain(`fault: The event bus ${bus} cannot be reached at ${nobody}.\n`)
})

test('doctor reports a bot that nothing is configured to answer for, and what to set', async () => {
  const data = await temporaryFolder()
  const away = {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_CONFIG_FILE: '/dev/null',
  }
  const server = serve(['--port', '0', '--data', data], { env: keyVariables })
  const { identity } = clientsOf({ url: await server.url(), rootKey })
  onTestFinished(() => identity.destroy())
  const { arn: AppInstanceArn } = await makersOf(identity).appInstance()
  const make = async (LexBotAliasArn: string, StandardMessages: 'ALL' | 'NONE') =>
    identity.createAppInstanceBot({
      AppInstanceArn,
      Configuration: { Lex: { LexBotAliasArn, LocaleId: 'en_US', InvokedBy: { StandardMessages, TargetedMessages: 'NONE' } } },
    })
  await make(aliasArn('ASKED'), 'ALL')
  await make(aliasArn('SILENT'), 'NONE')
  const alone = await run(process.execPath, [main, 'doctor', '--data', data, '--no-tls'], { env: away })
  expect(alone.stdout).toContain(`fault: Bots of the alias ${aliasArn('ASKED')} get no answer.\n`)
  expect(alone.stdout).toContain(`The server has no AWS credentials for ${aliasArn('ASKED')}, no --lex-endpoint (CARILLON_LEX_ENDPOINT)`)
  expect(alone.stdout).not.toContain('SILENT')
  const served = await run(process.execPath, [main, 'doctor', '--data', data, '--no-tls', '--lex-endpoint', lex.url], { env: away })
  expect(served.stdout).toContain(`good: The Lex endpoint can be reached at ${lex.url}.\n`)
  expect(served.stdout).toContain(`good: Bots of the alias ${aliasArn('ASKED')} have a service that answers.\n`)
})
