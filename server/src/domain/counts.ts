import { forbidden, limitExceeded } from '../errors.ts'
import { countLimits, type CountLimit, type Limits } from '../settings/limits.ts'
import { lockAppInstance } from '../store/app-instances.ts'
import { take, type Counter } from '../store/counters.ts'
import type { Queries } from '../database/database.ts'

/** ResourceLimitExceededException for one more than the limit allows. */
export const exceeded = (limit: CountLimit, limits: Limits) =>
  limitExceeded('The request exceeds the resource limit.', `At most ${limits[limit]} ${countLimits[limit].meaning} are allowed.`)

/** Throws if one more than `present` exceeds the limit; the parent must be locked while it is counted. */
export function checkCount(present: number, limit: CountLimit, limits: Limits) {
  if (present >= limits[limit]) throw exceeded(limit, limits)
}

const justDeleted = () => forbidden('The app instance has just been deleted.')

/** Locks the app instance: until the commit nobody can delete it, and its counts stay as they are. */
export async function holdAppInstance(tx: Queries, id: number) {
  if (!(await lockAppInstance(tx, id))) throw justDeleted()
}

/** Counts one more in the app instance, or throws if the limit is reached. */
export async function countOne(
  tx: Queries,
  counter: Extract<Counter, 'users' | 'channels'>,
  appInstanceId: number,
  limit: CountLimit,
  limits: Limits,
) {
  const taken = await take(tx, counter, appInstanceId, limits[limit])
  if (taken === 'full') throw exceeded(limit, limits)
  if (taken === 'gone') throw justDeleted()
}
