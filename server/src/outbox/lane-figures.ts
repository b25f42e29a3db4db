import type { LaneMeasure } from '../observe/metrics.ts'
import { partsOfLane, type outboxFigures } from '../store/outbox.ts'
import type { deadFigures } from '../store/outbox-dead.ts'
import type { LaneState } from '../store/outbox-lanes.ts'

type Rows<Find extends (...args: never[]) => Promise<unknown>> = Awaited<ReturnType<Find>>

/** What is known of a lane: how much waits and since when, how much is dead, and how its deliveries have gone. */
export interface LaneFigures extends LaneMeasure {
  readonly lane: string
  readonly error: string | undefined
}

/** The lanes that hold something or have been worked on, those with the most entries first. */
export function laneFigures(
  found: { waiting: Rows<typeof outboxFigures>; dead: Rows<typeof deadFigures>; states: readonly LaneState[] },
  now: number,
): LaneFigures[] {
  const waiting = new Map(found.waiting.map(each => [each.lane, each]))
  const dead = new Map(found.dead.map(each => [each.lane, each.entries]))
  const states = new Map(found.states.map(each => [each.lane, each]))
  const names = new Set([...waiting.keys(), ...dead.keys(), ...states.keys()])
  const figures = [...names].map(lane => {
    const { entries = 0, oldest = now, nextAt = now } = waiting.get(lane) ?? {}
    const state = states.get(lane)
    return {
      lane,
      ...partsOfLane(lane),
      entries,
      dead: dead.get(lane) ?? 0,
      seconds: Math.max(0, now - oldest) / 1000,
      // In a lane that keeps an order everything is due at once.
      overdueSeconds: Math.max(0, now - (nextAt === 0 ? oldest : nextAt)) / 1000,
      deliveredAt: state?.deliveredAt ?? undefined,
      failedAt: state?.failedAt ?? undefined,
      error: state?.error ?? undefined,
    }
  })
  return figures.toSorted((a, b) => b.entries - a.entries || (a.lane < b.lane ? -1 : 1))
}
