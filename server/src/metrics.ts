import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/** The figures of GET /metrics, in Prometheus' text format. One registry a process's app, so that tests can run several. */
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    requests: new Counter({
      name: 'carillon_requests_total',
      help: 'Requests that were answered, by operation and status',
      labelNames: ['operation', 'status'] as const,
      registers: [registry],
    }),
    seconds: new Histogram({
      name: 'carillon_request_seconds',
      help: 'Time from the request to its answer, by operation',
      labelNames: ['operation'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
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
    serving: new Gauge({
      name: 'carillon_serving',
      help: '1 while requests are served, 0 while starting or draining',
      registers: [registry],
    }),
  }
}

export type Metrics = ReturnType<typeof createMetrics>
