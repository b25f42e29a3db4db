import { noteForSearch } from '../store/search-changes.ts'
import type { MessageEvent } from './events.ts'
import { afterCommit, type Follower, type Wake } from './follower.ts'

const wake: Wake = { wake: 'search' }

/** Notes for the search index that a message is new or has changed. CONTROL messages are not indexed. */
export const messageToSearch: Follower<MessageEvent> = async (tx, { moment, place, message, before }) => {
  if (!tx.feedsSearch || !moment || message.type !== 'STANDARD' || message.persistence !== 'PERSISTENT') return
  await noteForSearch(tx, place, message, { before, now: moment.at })
  afterCommit(tx, wake)
}
