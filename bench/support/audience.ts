import { milliseconds, type Crowd } from './crowd.ts'
import type { Cost } from './measured.ts'
import { cpuSeconds, type Started } from './process.ts'

/** The cost of a message to all of them. */
interface Spreading extends Cost {
  readonly deliveriesPerSecond: number
}

/** One server with its listeners, and a function that sends it that many messages at once, numbered from `first`. */
export interface Audience {
  readonly server: Started
  readonly crowd: Crowd
  readonly size: number
  readonly send: (first: number, count: number) => Promise<unknown>
  next: number
}

/**
 * A lone message waits until every listener has the one before. Ten at once wait for the answers only, so that the server finds them
 * together when it has written to everybody; yet the listeners are never far behind.
 */
export async function spreading(audience: Audience, together: number, seconds: number): Promise<Spreading> {
  const { server, crowd, size, send } = audience
  const before = cpuSeconds(server.pid)
  const start = milliseconds()
  const first = audience.next
  const behind = together === 1 ? 0 : 5 * together
  while (milliseconds() - start < seconds * 1000) {
    await send(audience.next, together)
    audience.next += together
    await crowd.until((audience.next - 1 - behind) * size)
  }
  if (!(await crowd.until((audience.next - 1) * size))) throw new Error('deliveries are missing')
  const messages = audience.next - first
  return {
    microseconds: ((cpuSeconds(server.pid) - before) * 1e6) / messages,
    database: 0,
    deliveriesPerSecond: (messages * size * 1000) / (milliseconds() - start),
  }
}
