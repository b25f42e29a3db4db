import { onTestFinished } from 'vitest'
import type { DomainEvent } from '../../src/events/events.ts'
import type { Follower } from '../../src/events/follower.ts'
import { followers } from '../../src/events/followers.ts'

/** Follows everything that happens in this process until the end of the test: the events in the order in which they were emitted. */
export function followEverything(): readonly DomainEvent[] {
  const heard: DomainEvent[] = []
  const follow: Follower<DomainEvent> = (_, event) => void heard.push(event)
  const lists = Object.values(followers) as Follower<DomainEvent>[][]
  for (const list of lists) list.push(follow)
  onTestFinished(() => {
    for (const list of lists) list.splice(list.indexOf(follow), 1)
  })
  return heard
}
