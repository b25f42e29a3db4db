import { parseArn, type Arn } from '../arn.ts'
import { badRequest } from '../errors.ts'
import { emit } from '../events/emit.ts'
import type { Queries, Transaction } from '../database/database.ts'
import { showsPresence } from '../store/app-instances.ts'
import type { Actor } from '../store/facts.ts'
import { findIdentity } from '../store/identities.ts'
import { putStatus, type PresenceStatus } from '../store/presences.ts'
import type { Acting } from './acting.ts'

/** Throws if the app instance has switched presence off. */
export async function checkPresence(db: Queries, { appInstanceId, appInstanceArn }: Actor) {
  if (await showsPresence(db, appInstanceId)) return
  throw badRequest('Presence is switched off', `PutAppInstancePresenceSettings switches it on for ${appInstanceArn}.`)
}

/** Sets the presence status that the actor shows. */
export async function setStatus(tx: Transaction, { actor }: Acting, status: PresenceStatus, statusText: string | undefined) {
  if (parseArn(actor.arn)?.kind !== 'user') throw badRequest('Bots have no presence', `${actor.arn} is a bot.`)
  await checkPresence(tx, actor)
  await putStatus(tx, actor.id, status, statusText)
  await emit(tx, { kind: 'StatusSet', userId: actor.id })
}

/** The users with these ARNs that exist. */
export async function livingUsers(db: Queries, arns: readonly Arn[]): Promise<readonly number[]> {
  const found = await Promise.all(arns.map(async arn => findIdentity(db, arn)))
  return [...new Set(found.flatMap(user => (user ? [user.id] : [])))]
}
