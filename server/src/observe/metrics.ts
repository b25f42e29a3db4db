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
    jobFailures: counter('carillon_job_failures_total', 'Runs of a job that failed and will be retried, by job', 'job'),
    outboxDelivered: counter('carillon_outbox_delivered_total', 'Outbox entries that were delivered, by lane', 'kind', 'destination'),
    outboxRetries: counter(
      'carillon_outbox_retries_total',
      'Failed attempts to deliver an outbox entry that will be retried, by lane',
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
    slowSessions: counter('carillon_slow_sessions_total', 'Sockets that were closed because their client did not read fast enough'),
    deadSessions: counter('carillon_dead_sessions_total', 'Sockets that were cut off because their client did not answer pings'),
    refusedConnections: counter('carillon_refused_connections_total', 'Connections that were closed because their address has too many'),
    auditDropped: counter(
      'carillon_audit_dropped_total',
      'Entries of the audit log that were dropped because it could not be written fast enough',
    ),
    events: counter('carillon_events_total', 'Events that sockets may hear, by type', 'type'),
    resumes: counter(
      'carillon_session_resumes_total',
      'Clients that have reconnected with the same sessionId: resumed were sent the events that they missed, expired had missed too many',
      'outcome',
    ),
    prefetched: counter(
      'carillon_prefetched_channels_total',
      'Channels whose details were sent to a client that connected: shared were read for another client, read for this one',
      'details',
    ),
    busConnected: gauge(
      'carillon_bus_connected',
      '1 while NATS is connected, 0 while events of other nodes are read from the database; 0 without NATS',
    ),
    busGaps: counter('carillon_bus_gaps_total', 'Times that events of a channel from other nodes did not arrive over NATS'),
    busRecovered: counter(
      'carillon_bus_recovered_total',
      'Events, by number of their channel, that did not arrive over NATS and were read from the database for open sockets',
    ),
    busLost: counter(
      'carillon_bus_lost_total',
      'Times that too many events of a channel were missed, so that its sockets were closed with 1012',
    ),
    busLag: new Histogram({
      name: 'carillon_bus_lag_seconds',
      help: 'Time that an event takes over NATS, by the clocks of both nodes',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    serving: gauge('carillon_serving', '1 while requests are served, 0 while starting or draining'),
  }
}

/** How far the search index is behind the messages, looked up each time that /metrics is read. */
export function measureSearch({ registry }: Metrics, look: () => Promise<{ waiting: number; seconds: number }>) {
  const waiting = new Gauge({
    name: 'carillon_search_waiting',
    help: 'Changes of messages that are not in the search index yet, counted up to 100,000',
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
    help: 'Age of the oldest change of a message that is not in the search index yet',
    registers: [registry],
  })
}

export type Metrics = ReturnType<typeof createMetrics>
