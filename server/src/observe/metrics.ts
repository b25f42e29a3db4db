import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { CallFigures } from './call-figures.ts'

/** The labels of a lane of the outbox. */
const laneLabels = ['kind', 'destination'] as const

/** The figures of GET /metrics, in Prometheus' text format. Each app has a registry of its own, so that tests can run several. */
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    calls: new CallFigures(registry),
    node: new Gauge({
      name: 'carillon_node_info',
      help: 'The name of this node, as in its log lines, its version, and its bus: nats or none',
      labelNames: ['node', 'version', 'bus'] as const,
      registers: [registry],
    }),
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
      help: 'Outbox entries that have arrived, by lane',
      labelNames: laneLabels,
      registers: [registry],
    }),
    outboxRetries: new Counter({
      name: 'carillon_outbox_retries_total',
      help: 'Tries to deliver an outbox entry that failed and will be repeated, by lane',
      labelNames: laneLabels,
      registers: [registry],
    }),
    outboxFailed: new Counter({
      name: 'carillon_outbox_failed_total',
      help: 'Outbox entries that were given up, by lane',
      labelNames: laneLabels,
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
    resumes: new Counter({
      name: 'carillon_session_resumes_total',
      help: 'Clients that have reconnected with the same sessionId: resumed got what they missed, expired had missed too much',
      labelNames: ['outcome'] as const,
      registers: [registry],
    }),
    prefetched: new Counter({
      name: 'carillon_prefetched_channels_total',
      help: 'Channels whose details were sent to a client that connected: shared were read for another client, read for this one',
      labelNames: ['details'] as const,
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

/** How far the search index is behind the messages: looked up when the figures are asked for. */
export function measureSearch({ registry }: Metrics, look: () => Promise<{ waiting: number; seconds: number }>) {
  const waiting = new Gauge({
    name: 'carillon_search_waiting',
    help: 'Changes of messages that the search index has not taken over yet, counted up to 100,000',
    registers: [registry],
    async collect() {
      // While the database is away there is nothing to tell.
      const figures = await look().catch(() => undefined)
      if (!figures) return
      waiting.set(figures.waiting)
      late.set(figures.seconds)
    },
  })
  const late = new Gauge({
    name: 'carillon_search_late_seconds',
    help: 'Age of the oldest change of a message that the search index has not taken over yet',
    registers: [registry],
  })
}

export type Metrics = ReturnType<typeof createMetrics>
