import { within } from '../../src/arn.ts'
import type { App } from '../../src/app.ts'
import type { Config } from '../../src/settings/config.ts'
import { addAdmin } from '../../src/domain/admins.ts'
import { createAppInstance } from '../../src/domain/app-instances.ts'
import { createUser } from '../../src/domain/users.ts'
import { appInstanceByArn } from '../../src/store/app-instances.ts'
import { randomIds } from '../../src/tools/ids.ts'
import type { World } from './world.ts'

const user = (id: string) => ({ id, name: id })

/**
 * Creates app instances and their users by the acts behind the API, all in one transaction. Nearly every test begins with some; calls of
 * the SDK for each of them would take longer than the test.
 */
export function appInstanceMaker(
  { db }: Pick<App, 'db'>,
  { region, account, limits }: Pick<Config, 'region' | 'account' | 'limits'>,
  now: () => number,
): World['appInstance'] {
  const doing = { now, limits, ids: randomIds }
  return async (users = [], { admins = [] } = {}) => {
    const arn = await db.transaction(async tx => {
      const made = await createAppInstance(tx, doing, { region, account, name: 'test', metadata: undefined, tags: undefined })
      const appInstance = (await appInstanceByArn(tx, made))!
      for (const id of new Set([...users, ...admins])) await createUser(tx, doing, appInstance, user(id))
      for (const id of admins) await addAdmin(tx, doing, appInstance.id, within(made, 'user', id))
      return made
    })
    return { arn, user: id => `${arn}/user/${id}` }
  }
}
