import { expect, onTestFinished, test } from 'vitest'
import { main, run } from '../support/process.ts'
import { processor, startLambda } from '../support/processor.ts'
import { startWorld } from '../support/world.ts'

test('flows test invokes each processor with a sample event, beside a server, and prints event, answer and time', async () => {
  const lambda = await startLambda()
  onTestFinished(() => lambda.close())
  const world = await startWorld('sqlite', { processorsPerFlow: '3' })
  onTestFinished(() => world.close())
  const { arn: AppInstanceArn } = await world.appInstance()
  const [good, bad] = [lambda.define(), lambda.define()]
  const create = async (...processors: ReturnType<typeof processor>[]) => {
    const asked = { AppInstanceArn, Name: 'x', Processors: processors, ClientRequestToken: `token-${processors.length}` }
    return (await world.messaging.createChannelFlow(asked)).ChannelFlowArn!
  }
  const flows = async (arn: string) =>
    run(process.execPath, [main, 'flows', 'test', arn, '--content', 'a "word"', '--data', world.folder, '--lambda-endpoint', lambda.url])

  const { code, stdout, stderr } = await flows(await create(processor(good.arn)))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const event = await good.event()
  expect(event).toMatchObject({ EventType: 'CHANNEL_MESSAGE_EVENT', ChannelMessage: { Content: 'a "word"', Type: 'STANDARD' } })
  expect(stdout).toContain(`The event:\n${JSON.stringify(event, undefined, 2)}\n`)
  expect(stdout).toMatch(/^\S.* \(arn:aws:lambda:\S+\) accepted it in \d+ ms\.$/m)
  expect(stdout).toContain('\nEvery processor accepted the event.')

  bad.status = 404
  const refused = await flows(await create(processor(good.arn), processor(bad.arn, { Name: 'gone', ExecutionOrder: 2 })))
  expect(refused.code).toBe(1)
  expect(refused.stdout).toMatch(/^gone \(arn:aws:lambda:\S+\) did not accept it, after \d+ ms: Lambda has answered 404: /m)
  expect(refused.stderr).toBe('carillon: 1 of 2 processors did not accept the event.\n')
  expect((await flows(AppInstanceArn)).stderr).toBe(`carillon: ${AppInstanceArn} is not the ARN of a channel flow.\n`)
  const none = `${AppInstanceArn}/channel-flow/none`
  expect((await flows(none)).stderr).toBe(`carillon: There is no channel flow ${none}.\n`)
})
