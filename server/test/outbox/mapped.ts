import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from '../support/process.ts'
import { startWorld, type DatabaseKind } from '../support/world.ts'

export const secret = 'a secret of twenty characters'
export const streamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/chime-messaging-audit'

/** A file of --destinations, and beside it a file with a secret. */
export async function destinationsFile(content: unknown) {
  const folder = await temporaryFolder()
  const file = join(folder, 'destinations.json')
  await writeFile(join(folder, 'secret'), `${secret}\n`)
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  return { file, folder, secretFile: join(folder, 'secret') }
}

/**
 * A server with those destinations, and an app instance with the user ann. `stream` configures the stream, of which the entries may say
 * where it goes.
 */
export async function worldWith(kind: DatabaseKind, entries: (given: { folder: string; secretFile: string }) => unknown) {
  const given = await destinationsFile({})
  await writeFile(given.file, JSON.stringify(entries(given)))
  const world = await startWorld(kind, { destinations: given.file })
  onTestFinished(() => world.close())
  const { arn, user } = await world.appInstance(['ann'])
  const StreamingConfigurations = (['Channel', 'ChannelMessage'] as const).map(DataType => ({ DataType, ResourceArn: streamArn }))
  const stream = async () => world.messaging.putMessagingStreamingConfigurations({ AppInstanceArn: arn, StreamingConfigurations })
  return { ...given, world, arn, ann: user('ann'), stream }
}
