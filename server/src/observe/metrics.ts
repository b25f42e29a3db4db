import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { CallFigures } from './call-figures.ts'

/** The figures of GET /metrics, in Prometheus' text format. Each app has a registry of its own, so that tests can run several. */
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    calls: new CallFigures(registry),
    purgeSteps: new Counter({
      name: 'carillon_purge_steps_total',
      help: 'Small transactions that removed deleted data',
      registers: [registry],
    }),
    jobFailures: new Counter({
      name: 'carillon_job_failures_total',
      help: 'Runs of a job that failed and will be tried again, by job',
      labelNames: ['job'] as const,
      registers: [registry],
    }),
    outboxDelivered: new Counter({
      name: 'carillon_outbox_delivered_total',
      help: 'Outbox entries that have arrived, by kind',
      labelNames: ['kind'] as const,
      registers: [registry],
    }),
    outboxRetries: new Counter({
      name: 'carillon_outbox_retries_total',
      help: 'Tries to deliver an outbox entry that failed and will be repeated, by kind',
      labelNames: ['kind'] as const,
      registers: [registry],
    }),
    outboxFailed: new Counter({
      name: 'carillon_outbox_failed_total',
      help: 'Outbox entries that were given up, by kind',
      labelNames: ['kind'] as const,
      registers: [registry],
    }),
    sessions: new Gauge({ name: 'carillon_sessions', help: 'Open sockets that have a session', registers: [registry] }),
    refusedSessions: new Counter({
      name: 'carillon_refused_sessions_total',
      help: 'Sockets that were closed before they had a session, by close code',
      labelNames: ['code'] as const,
      registers: [registry],
    }),
    slowSessions: new Counter({
      name: 'carillon_slow_sessions_total',
      help: 'Sockets that were closed because their client did not keep up',
      registers: [registry],
    }),
    deadSessions: new Counter({
      name: 'carillon_dead_sessions_total',
      help: 'Sockets that were cut off because their client no longer answered',
      registers: [registry],
    }),
    refusedConnections: new Counter({
      name: 'carillon_refused_connections_total',
      help: 'Connections that were closed because their address has too many',
      registers: [registry],
    }),
    auditDropped: new Counter({
      name: 'carillon_audit_dropped_total',
      help: 'Entries of the audit log that were dropped because it could not be written fast enough',
      registers: [registry],
    }),
    events: new Counter({
      name: 'carillon_events_total',
      help: 'Events that sockets may hear, by type',
      labelNames: ['type'] as const,
      registers: [registry],
    }),
    busConnected: new Gauge({
      name: 'carillon_bus_connected',
      help: '1 while NATS is connected, 0 while what happens on other nodes is read from the database; 0 without NATS',
      registers: [registry],
    }),
    busGaps: new Counter({
      name: 'carillon_bus_gaps_total',
      help: 'Times that events of a channel from other nodes did not arrive over NATS',
      registers: [registry],
    }),
    busRecovered: new Counter({
      name: 'carillon_bus_recovered_total',
      help: 'Events, by number of their channel, that did not arrive over NATS and were read from the database for open sockets',
      registers: [registry],
    }),
    busLost: new Counter({
      name: 'carillon_bus_lost_total',
      help: 'Times that too much of a channel was missed, so that its sockets were closed with 1012',
      registers: [registry],
    }),
    busLag: new Histogram({
      name: 'carillon_bus_lag_seconds',
      help: 'Time that an event takes over NATS, by the clocks of both nodes',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers: [registry],
    }),
    serving: new Gauge({
      name: 'carillon_serving',
      help: '1 while requests are served, 0 while starting or draining',
      registers: [registry],
    }),
  }
}

interface Waiting {
  readonly kind: string
  readonly entries: number
  /** The age of the oldest entry. */
  readonly seconds: number
  /** How long the oldest due entry has been due. */
  readonly overdueSeconds: number
}

/** The figures of the outbox, looked up once for each request of the metrics. */
export function measureOutbox({ registry }: Metrics, waiting: () => Promise<readonly Waiting[]>) {
  let figures: Promise<readonly Waiting[]> | undefined
  // Empty while the database is unavailable.
  const look = async () => waiting().catch(() => [])
  const measure = (name: string, help: string, valueOf: (figures: Waiting) => number) => {
    const gauge = new Gauge({
      name,
      help,
      labelNames: ['kind'] as const,
      registers: [registry],
      async collect() {
        const found = await (figures ??= look().finally(() => (figures = undefined)))
        gauge.reset()
        for (const each of found) gauge.set({ kind: each.kind }, valueOf(each))
      },
    })
  }
  measure('carillon_outbox_entries', 'Entries of the outbox that are not delivered yet, by kind', ({ entries }) => entries)
  measure('carillon_outbox_oldest_seconds', 'Age of the oldest entry of the outbox, by kind', ({ seconds }) => seconds)
  measure(
    'carillon_outbox_overdue_seconds',
    'How long an entry of the outbox has been due without being delivered, by kind',
    ({ overdueSeconds }) => overdueSeconds,
  )
}

export type Metrics = ReturnType<typeof createMetrics>
