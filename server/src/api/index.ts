import type { Handlers } from './call.ts'
import { accessKeys } from './access-keys.ts'
import { admins } from './admins.ts'
import { appInstances } from './app-instances.ts'
import { bans } from './bans.ts'
import { bots } from './bots.ts'
import { channels } from './channels.ts'
import { connections } from './connections.ts'
import { userEndpoints } from './user-endpoints.ts'
import { flows } from './flows.ts'
import { iamRoles } from './iam-roles.ts'
import { memberships } from './memberships.ts'
import { messages } from './messages.ts'
import { moderators } from './moderators.ts'
import { outbox } from './outbox.ts'
import { pins } from './pins.ts'
import { policies } from './policies.ts'
import { reactions } from './reactions.ts'
import { threads } from './threads.ts'
import { presence } from './presence.ts'
import { readMarkers } from './read-markers.ts'
import { recentCalls } from './recent-calls.ts'
import { server } from './server.ts'
import { search } from './search.ts'
import { messagingSession } from './messaging-session.ts'
import { appInstanceSettings } from './app-instance-settings.ts'
import { streaming } from './streaming.ts'
import { tags } from './tags.ts'
import { typing } from './typing.ts'
import { unread } from './unread.ts'
import { users } from './users.ts'

/** The handler of every operation: a missing one does not compile. */
export const handlers: Handlers = {
  ...appInstances,
  ...users,
  ...admins,
  ...bots,
  ...channels,
  ...memberships,
  ...reactions,
  ...threads,
  ...pins,
  ...readMarkers,
  ...search,
  ...unread,
  ...moderators,
  ...bans,
  ...messages,
  ...typing,
  ...presence,
  ...appInstanceSettings,
  ...flows,
  ...streaming,
  ...messagingSession,
  ...userEndpoints,
  ...tags,
  ...recentCalls,
  ...server,
  ...outbox,
  ...accessKeys,
  ...iamRoles,
  ...policies,
  ...connections,
}
