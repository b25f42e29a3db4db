import { rowsIn } from '../api/acts.ts'
import type { World } from '../support/world.ts'

/** How many sessions of a user may be resumed, on any node. */
export async function resumableOf(world: World, userArn: string): Promise<number> {
  const [appInstance, id] = userArn.split('/user/')
  const user = `select i.id from identities i join app_instances a on a.id = i.app_instance_id where a.arn = '${appInstance}' and i.external_id = '${id}'`
  return rowsIn(world, `resumable_sessions where user_id = (${user})`)
}
