import { streamArn } from '../arn.ts'
import { badRequest } from '../errors.ts'
import { emit } from '../events/emit.ts'
import { appInstanceByArn } from '../store/app-instances.ts'
import type { Transaction } from '../database/database.ts'
import { deleteStreamingConfigurations, putStreamingConfiguration, type StreamingConfiguration } from '../store/streaming.ts'
import { namedAppInstance } from './app-instances.ts'
import { holdAppInstance } from './counts.ts'

/** Throws for a data type that is given twice, and for an ARN that is not that of a stream. */
export function checkStreams(given: readonly StreamingConfiguration[]) {
  if (new Set(given.map(({ dataType }) => dataType)).size < given.length) {
    throw badRequest('A DataType may be configured once', 'Give each DataType one ResourceArn.')
  }
  for (const { resourceArn } of given) {
    if (streamArn.test(resourceArn)) continue
    throw badRequest(
      'The ResourceArn must be the ARN of a Kinesis data stream whose name starts with chime-messaging-',
      `${resourceArn} is not like arn:aws:kinesis:REGION:ACCOUNT:stream/chime-messaging-NAME.`,
    )
  }
}

/** Sets the streams of these data types; other types keep theirs. Returns the app instance's id in the database. */
export async function setStreaming(tx: Transaction, arn: string, given: readonly StreamingConfiguration[]): Promise<number> {
  const { id } = await namedAppInstance(tx, arn)
  await holdAppInstance(tx, id)
  for (const each of given) await putStreamingConfiguration(tx, id, each)
  await emit(tx, { kind: 'StreamingSet', appInstanceId: id })
  return id
}

/** Removes all streams of the app instance. If there are none, nothing happens. */
export async function removeStreaming(tx: Transaction, arn: string) {
  const found = await appInstanceByArn(tx, arn)
  if (!found || !(await deleteStreamingConfigurations(tx, found.id))) return
  await emit(tx, { kind: 'StreamingRemoved', appInstanceId: found.id })
}
