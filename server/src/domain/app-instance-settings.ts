import { emit } from '../events/emit.ts'
import type { Transaction } from '../database/database.ts'
import type { OwnKind } from '../bus/socket-events.ts'
import { putOwnEvents, putPresenceShown } from '../store/app-instances.ts'
import { namedAppInstance } from './app-instances.ts'

/** Switches presence on or off for all users of an app instance. */
export async function setPresenceShown(tx: Transaction, arn: string, isShown: boolean) {
  const { id: appInstanceId } = await namedAppInstance(tx, arn)
  await putPresenceShown(tx, appInstanceId, isShown)
  await emit(tx, { kind: 'PresenceSwitched', appInstanceId })
}

/** Sets the kinds of events beyond Amazon's that new sessions of the app instance get by default. */
export async function setOwnEvents(tx: Transaction, arn: string, events: readonly OwnKind[]) {
  const { id: appInstanceId } = await namedAppInstance(tx, arn)
  await putOwnEvents(tx, appInstanceId, events)
  await emit(tx, { kind: 'AppInstanceUpdated', appInstanceId })
}
