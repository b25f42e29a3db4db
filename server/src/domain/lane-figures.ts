import type { Queries } from '../database/database.ts'
import { outboxFigures, partsOfLane } from '../store/outbox.ts'
import { deadFigures } from '../store/outbox-dead.ts'
import { laneStates } from '../store/outbox-lanes.ts'

/** The figures of a lane: how many entries wait and since when, how many are dead, its last success and failure, and its pause. */
export interface LaneFigures {
  readonly lane: string
  readonly kind: string
  readonly destination: string
  readonly entries: number
  readonly dead: number
  /** The age of the oldest entry. */
  readonly seconds: number
  /** How long the oldest due entry has been due, since the end of a pause that the destination has asked for. */
  readonly overdueSeconds: number
  /** The pause that the destination has asked for, until it is over, in epoch milliseconds. */
  readonly pause: { readonly until: number; readonly why: string } | undefined
  /** In epoch milliseconds, as is the time of the last failure. */
  readonly deliveredAt: number | undefined
  readonly failedAt: number | undefined
  readonly error: string | undefined
}

/** The lanes that have entries or recent deliveries, those with the most entries first. */
export async function laneFigures(db: Queries, now: number): Promise<LaneFigures[]> {
  const waiting = new Map((await outboxFigures(db)).map(each => [each.lane, each]))
  const dead = new Map((await deadFigures(db)).map(each => [each.lane, each.entries]))
  const states = new Map((await laneStates(db)).map(each => [each.lane, each]))
  const names = new Set([...waiting.keys(), ...dead.keys(), ...states.keys()])
  const figures = [...names].map(lane => {
    const { entries = 0, oldest = now, nextAt = now } = waiting.get(lane) ?? {}
    const state = states.get(lane)
    const pausedUntil = state?.pausedUntil ?? 0
    return {
      lane,
      ...partsOfLane(lane),
      entries,
      dead: dead.get(lane) ?? 0,
      seconds: Math.max(0, now - oldest) / 1000,
      // In an ordered lane all entries are due immediately.
      overdueSeconds: Math.max(0, now - Math.max(nextAt === 0 ? oldest : nextAt, pausedUntil)) / 1000,
      pause: pausedUntil > now ? { until: pausedUntil, why: state?.pauseReason ?? '' } : undefined,
      deliveredAt: state?.deliveredAt ?? undefined,
      failedAt: state?.failedAt ?? undefined,
      error: state?.error ?? undefined,
    }
  })
  return figures.toSorted((a, b) => b.entries - a.entries || (a.lane < b.lane ? -1 : 1))
}
