import { signal } from '@preact/signals'
import { call } from './api.ts'

/**
 * The user as whom the console acts, for each app instance. An AppInstanceAdmin sees everything, and may do everything except send as
 * others.
 */
const acting = signal<Readonly<Record<string, string | undefined>>>({})

export const actor = (appArn: string) => acting.value[appArn]

export function actAs(appArn: string, userArn: string | undefined) {
  acting.value = { ...acting.value, [appArn]: userArn }
}

/** Resolves to the chosen user, or else to an AppInstanceAdmin; undefined if there is none. */
export async function findActor(appArn: string): Promise<string | undefined> {
  const known = actor(appArn)
  if (known !== undefined) return known
  const { AppInstanceAdmins } = await call('ListAppInstanceAdmins', { AppInstanceArn: appArn, MaxResults: 1 })
  const found = AppInstanceAdmins?.[0]?.Admin?.Arn
  actAs(appArn, found)
  return found
}
