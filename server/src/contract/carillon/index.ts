import { accessKeys } from './access-keys.ts'
import { connections } from './connections.ts'
import { iamRoles } from './iam-roles.ts'
import { outbox } from './outbox.ts'
import { pins } from './pins.ts'
import { policies } from './policies.ts'
import { reactions } from './reactions.ts'
import { presence } from './presence.ts'
import { readMarkers } from './read-markers.ts'
import { recentCalls } from './recent-calls.ts'
import { search } from './search.ts'
import { server } from './server.ts'
import { threads } from './threads.ts'
import { appInstanceSettings } from './app-instance-settings.ts'
import { typing } from './typing.ts'
import { unread } from './unread.ts'

/**
 * The operations about the server itself. Their IAM actions are `carillon-operator:NAME`, so a policy that allows users `carillon:*` does
 * not allow them.
 */
export const operators = { ...recentCalls, ...server, ...outbox, ...accessKeys, ...iamRoles, ...policies, ...connections }

/** The operations that Amazon does not have: the service `carillon`. They are signed like Amazon's; their IAM actions are `carillon:NAME`. */
export const carillon = {
  ...readMarkers,
  ...unread,
  ...search,
  ...typing,
  ...reactions,
  ...threads,
  ...pins,
  ...presence,
  ...appInstanceSettings,
  ...operators,
}
