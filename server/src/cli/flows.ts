import { randomBytes, randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { parseArn, type Arn } from '../arn.ts'
import { eventOf } from '../outbox/flows.ts'
import { functionInvoker } from '../outbox/functions.ts'
import { whyNotInvoked, type InvokeLambda } from '../outbox/lambda.ts'
import { readDestinations } from '../settings/destinations.ts'
import { findFlow, type Processor } from '../store/flows.ts'
import { addSettings } from './settings.ts'
import { withDatabase } from './with-database.ts'

const tryMilliseconds = 5000

const print = (text: string) => process.stdout.write(`${text}\n`)

/** The event of a message that does not exist, in a channel that does not exist either. */
function sampleEvent({ appInstanceArn }: Arn, content: string) {
  const user = { id: 0, arn: `${appInstanceArn}/user/flows-test`, name: 'carillon flows test' }
  const run = {
    channelArn: `${appInstanceArn}/channel/flows-test`,
    subChannelName: undefined,
    messageId: randomBytes(32).toString('hex'),
    sender: user,
    target: undefined,
    persistence: 'PERSISTENT',
    content,
    metadata: undefined,
    attributes: undefined,
    contentType: undefined,
    pushNotification: undefined,
    sentAt: Date.now(),
    editedAt: undefined,
  } as const
  return eventOf(run, randomUUID())
}

/** Whether the processor accepts the event. */
async function invoked(invoke: InvokeLambda, { Name, Configuration }: Processor, event: unknown): Promise<boolean> {
  const { ResourceArn } = Configuration.Lambda
  const start = performance.now()
  const took = () => `${Math.round(performance.now() - start)} ms`
  try {
    await invoke(ResourceArn, event, AbortSignal.timeout(tryMilliseconds))
  } catch (error) {
    print(`${Name} (${ResourceArn}) did not accept it, after ${took()}: ${whyNotInvoked(error).long}`)
    return false
  }
  print(`${Name} (${ResourceArn}) accepted it in ${took()}.`)
  return true
}

async function test(text: string, { content, ...flags }: { content: string }) {
  const arn = parseArn(text)
  if (arn?.kind !== 'channel-flow') throw new Error(`${text} is not the ARN of a channel flow.`)
  await withDatabase(flags, async (db, config) => {
    const flow = await findFlow(db, arn)
    if (!flow) throw new Error(`There is no channel flow ${text}.`)
    const event = sampleEvent(arn, content)
    print(`The event:\n${JSON.stringify(event, undefined, 2)}\n`)
    const invoke = functionInvoker(await readDestinations(config.destinations, process.env), config.lambdaEndpoint)
    let refusals = 0
    for (const processor of flow.processors) if (!(await invoked(invoke, processor, event))) refusals++
    if (refusals > 0) throw new Error(`${refusals} of ${flow.processors.length} processors did not accept the event.`)
    print('\nEvery processor accepted the event. A ChannelFlowCallback to it is refused, since its message does not exist.')
  })
}

/** Adds `carillon flows test ARN`. */
export function addFlows(program: Command) {
  const flows = program.command('flows').description('try channel flows')
  addSettings(
    flows
      .command('test <arn>')
      .description('invoke each processor of a channel flow with a sample event, and print the event, the answer and the time')
      .option('--content <text>', 'the Content of the message in the event', 'hello'),
  ).action(test)
}
