import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { CallFigures } from './call-figures.ts'

/** The figures of GET /metrics, in Prometheus' text format. Each app has a registry of its own, so that tests can run several. */
export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers })
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers })
  return {
    registry,
    calls: new CallFigures(registry),
    node: gauge(
      'carillon_node_info',
      'The name of this node, as in its log lines, its version, and its bus: nats or none',
      'node',
      'version',
      'bus',
    ),
    purgeSteps: counter('carillon_purge_steps_total', 'Small transactions that removed deleted data'),
    jobFailures: counter('carillon_job_failures_total', 'Runs of a job that failed and will be tried again, by job', 'job'),
    outboxDelivered: counter('carillon_outbox_delivered_total', 'Outbox entries that have arrived, by lane', 'kind', 'destination'),
    outboxRetries: counter(
      'carillon_outbox_retries_total',
      'Tries to deliver an outbox entry that failed and will be repeated, by lane',
      'kind',
      'destination',
    ),
    outboxFailed: counter('carillon_outbox_failed_total', 'Outbox entries that were given up, by lane', 'kind', 'destination'),
    sessions: gauge('carillon_sessions', 'Open sockets that have a session'),
    refusedSessions: counter(
      'carillon_refused_sessions_total',
      'Sockets that were closed before they had a session, by close code',
      'code',
    ),
    slowSessions: counter('carillon_slow_sessions_total', 'Sockets that were closed because their client did not keep up'),
    deadSessions: counter('carillon_dead_sessions_total', 'Sockets that were cut off because their client no longer answered'),
    refusedConnections: counter('carillon_refused_connections_total', 'Connections that were closed because their address has too many'),
    auditDropped: counter(
      'carillon_audit_dropped_total',
      'Entries of the audit log that were dropped because it could not be written fast enough',
    ),
    events: counter('carillon_events_total', 'Events that sockets may hear, by type', 'type'),
    resumes: counter(
      'carillon_session_resumes_total',
      'Clients that have reconnected with the same sessionId: resumed got what they missed, expired had missed too much',
      'outcome',
    ),
    prefetched: counter(
      'carillon_prefetched_channels_total',
      'Channels whose details were sent to a client that connected: shared were read for another client, read for this one',
      'details',
    ),
    busConnected: gauge(
      'carillon_bus_connected',
      '1 while NATS is connected, 0 while what happens on other nodes is read from the database; 0 without NATS',
    ),
    busGaps: counter('carillon_bus_gaps_total', 'Times that events of a channel from other nodes did not arrive over NATS'),
    busRecovered: counter(
      'carillon_bus_recovered_total',
      'Events, by number of their channel, that did not arrive over NATS and were read from the database for open sockets',
    ),
    busLost: counter('carillon_bus_lost_total', 'Times that too much of a channel was missed, so that its sockets were closed with 1012'),
    busLag: new Histogram({
      name: 'carillon_bus_lag_seconds',
      help: 'Time that an event takes over NATS, by the clocks of both nodes',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    serving: gauge('carillon_serving', '1 while requests are served, 0 while starting or draining'),
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
