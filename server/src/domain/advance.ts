import type { CalledChannel } from '../store/facts.ts'
import { forbidden } from '../errors.ts'
import { advanceChannel, type Advancing, type Moment } from '../store/channels.ts'
import type { Queries } from '../database/database.ts'

/**
 * Takes the channel's next number and time, which locks the channel until the commit. Throws ForbiddenException if the channel was deleted
 * meanwhile: the call fails as if it had arrived after the deletion.
 */
export async function advance(tx: Queries, { id, arn }: Pick<CalledChannel, 'id' | 'arn'>, now: number, what?: Advancing): Promise<Moment> {
  const moment = await advanceChannel(tx, id, now, what)
  if (!moment) throw forbidden(`The channel ${arn} does not exist.`)
  return moment
}
