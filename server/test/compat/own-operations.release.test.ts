import { expect, onTestFinished, test } from 'vitest'
import { operations, services } from '../../src/contract/index.ts'
import { cases } from '../operations/cases.ts'
import { makeFixture, type AnyInput } from '../operations/fixture.ts'
import { main, run, shell, temporaryFolder } from '../support/process.ts'
import { startWorld } from '../support/world.ts'
import { boto3Script } from './boto3-script.ts'
import { awsCommands, pythons } from './clients.ts'

const names = services.carillon

async function makePlace() {
  const world = await startWorld('sqlite', { search: 'on' })
  onTestFinished(() => world.close())
  /** Calls each operation of ours with inputs of its case, in an app instance of its own. */
  const callAll = async (callOne: (name: (typeof names)[number], input: AnyInput) => Promise<AnyInput>, most = Infinity) => {
    for (const name of names) {
      const inputs = await cases[name].inputs(await makeFixture(world))
      for (const input of inputs.slice(0, most)) {
        const answer = await callOne(name, input)
        const members = Object.keys(operations[name].output.properties)
        expect([name, Object.keys(answer).filter(member => !members.includes(member))]).toEqual([name, []])
        expect([name, Object.keys(answer).length > 0]).toEqual([name, members.length > 0])
      }
    }
  }
  return { app: world.app, callAll }
}

test.skipIf(pythons.length === 0)('boto3 calls each operation that Amazon does not have, with all its inputs', async () => {
  const { app, callAll } = await makePlace()
  const call = await boto3Script(app.url, app.rootKey)
  await callAll(async (name, input) => {
    const { status, answer } = await call(name, input)
    expect([name, status, answer]).toEqual([name, operations[name].status, expect.any(Object)])
    return answer
  })
})

const kebab = (name: string) => name.replaceAll(/(?<!^)[A-Z]/g, letter => `-${letter}`).toLowerCase()

// A call of the command takes a second.
test.skipIf(awsCommands.length === 0)('the AWS CLI calls each operation that Amazon does not have', async () => {
  const { app, callAll } = await makePlace()
  const folder = await temporaryFolder()
  await run(process.execPath, [main, 'models', folder])
  const env = shell({
    AWS_ENDPOINT_URL: app.url,
    AWS_DATA_PATH: folder,
    AWS_ACCESS_KEY_ID: app.rootKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: app.rootKey.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    PYTHONUTF8: '1',
  })
  await callAll(async (name, input) => {
    const command = ['carillon', kebab(name), '--endpoint-url', app.url, '--output', 'json', '--cli-input-json', JSON.stringify(input)]
    const paged = 'NextToken' in operations[name].output.properties
    const { code, stdout, stderr } = await run(awsCommands[0]!, [...command, ...(paged ? ['--no-paginate'] : [])], { env })
    expect([name, code, stderr]).toEqual([name, 0, ''])
    return JSON.parse(stdout || '{}') as AnyInput
  }, 1)
})
