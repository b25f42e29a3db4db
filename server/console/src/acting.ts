import { signal } from '@preact/signals'
import { call } from './api.ts'

/** As whom the console acts in each app instance: an AppInstanceAdmin sees everything and may do everything but send as others. */
const acting = signal<Readonly<Record<string, string | undefined>>>({})

export const actor = (appArn: string) => acting.value[appArn]

export function actAs(appArn: string, userArn: string | undefined) {
  acting.value = { ...acting.value, [appArn]: userArn }
}

/** Finds an AppInstanceAdmin to act as, if nobody is chosen. Resolves to undefined if there is none. */
export async function findActor(appArn: string): Promise<string | undefined> {
  const known = actor(appArn)
  if (known !== undefined) return known
  const { AppInstanceAdmins } = await call('ListAppInstanceAdmins', { AppInstanceArn: appArn, MaxResults: 1 })
  const found = AppInstanceAdmins?.[0]?.Admin?.Arn
  actAs(appArn, found)
  return found
}
