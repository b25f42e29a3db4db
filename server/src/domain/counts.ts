import { failure, forbidden } from '../errors.ts'
import { countLimits, type CountLimit, type Limits } from '../settings/limits.ts'
import { lockAppInstance } from '../store/app-instances.ts'
import { take, type Counter } from '../store/counters.ts'
import type { Queries } from '../database/database.ts'

/** ResourceLimitExceededException for one more than the limit allows. */
export const exceeded = (limit: CountLimit, limits: Limits) =>
  failure(
    'ResourceLimitExceededException',
    'The request exceeds the resource limit.',
    `At most ${limits[limit]} ${countLimits[limit].meaning} are allowed.`,
  )

/** Refuses what would be one too many of `present`, counted while the parent is locked. */
export function checkCount(present: number, limit: CountLimit, limits: Limits) {
  if (present >= limits[limit]) throw exceeded(limit, limits)
}

const justDeleted = () => forbidden('The app instance has just been deleted.')

/** Until the commit nobody can delete the app instance, and what is counted in it stays as it is. */
export async function holdAppInstance(tx: Queries, id: number) {
  if (!(await lockAppInstance(tx, id))) throw justDeleted()
}

/** Counts one more in the app instance, or refuses it. */
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
