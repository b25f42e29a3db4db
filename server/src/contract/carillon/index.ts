import { outbox } from './outbox.ts'
import { pins } from './pins.ts'
import { reactions } from './reactions.ts'
import { presence } from './presence.ts'
import { readMarkers } from './read-markers.ts'
import { recentCalls } from './recent-calls.ts'
import { search } from './search.ts'
import { server } from './server.ts'
import { threads } from './threads.ts'
import { sessionSettings } from './session-settings.ts'
import { typing } from './typing.ts'
import { unread } from './unread.ts'

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
  ...sessionSettings,
  ...recentCalls,
  ...server,
  ...outbox,
}
