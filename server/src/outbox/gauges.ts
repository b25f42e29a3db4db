import { Gauge } from 'prom-client'
import type { Database } from '../database/database.ts'
import { laneFigures, type LaneFigures } from '../domain/lane-figures.ts'
import type { Metrics } from '../observe/metrics.ts'

const secondsOf = (at: number | undefined) => at && at / 1000

/** How many lanes have lines of their own; further lanes are left out. */
const mostLanes = 100

/** Adds the figures of the lanes to /metrics, those with the most entries first. They are read once each time that /metrics is read. */
export function measureOutbox({ registry }: Metrics, { db, now }: { db: Database; now: () => number }) {
  let figures: Promise<LaneFigures[]> | undefined
  // While the database is unavailable there are none.
  const look = async () => laneFigures(db, now()).catch(() => [])
  const measure = (name: string, help: string, valueOf: (figures: LaneFigures) => number | undefined) => {
    const gauge = new Gauge({
      name,
      help,
      labelNames: ['kind', 'destination'] as const,
      registers: [registry],
      async collect() {
        const found = await (figures ??= look().finally(() => (figures = undefined)))
        gauge.reset()
        for (const each of found.slice(0, mostLanes)) {
          const value = valueOf(each)
          if (value !== undefined) gauge.set({ kind: each.kind, destination: each.destination }, value)
        }
      },
    })
  }
  measure('carillon_outbox_entries', 'Entries of the outbox that are not delivered yet, by lane', ({ entries }) => entries)
  measure('carillon_outbox_dead', 'Entries that were given up and wait for a decision of the operator, by lane', ({ dead }) => dead)
  measure('carillon_outbox_oldest_seconds', 'Age of the oldest entry of the outbox, by lane', ({ seconds }) => seconds)
  measure(
    'carillon_outbox_overdue_seconds',
    'How long an entry of the outbox has been due without being delivered, by lane',
    ({ overdueSeconds }) => overdueSeconds,
  )
  measure(
    'carillon_outbox_paused_until_seconds',
    'The end of the pause that the destination has asked for, as a Unix time, by lane',
    ({ pause }) => secondsOf(pause?.until),
  )
  measure('carillon_outbox_last_success_seconds', 'When a delivery last succeeded, as a Unix time, by lane', ({ deliveredAt }) =>
    secondsOf(deliveredAt),
  )
  measure('carillon_outbox_last_failure_seconds', 'When a delivery last failed, as a Unix time, by lane', ({ failedAt }) =>
    secondsOf(failedAt),
  )
}
