import type { Metrics } from '../observe/metrics.ts'
import { onceASecond } from '../tools/once-a-second.ts'
import { strictHeaders, strictJsonHeaders } from './response.ts'
import type { HttpResponse } from './endpoint.ts'

/** The pages that are computed. */
export const operatorPaths = ['/health', '/metrics'] as const
/** This page answers as long as the process runs, whatever the process waits for. */
export const livenessPath = '/health/live'
type OperatorPath = (typeof operatorPaths)[number] | typeof livenessPath

/** Paths for the operator, which pages of other origins may not read. */
export const isOperatorPath = (url: string) => /^\/(?:health|metrics|console)(?:[?/]|$)/.test(url)

export const noPage: HttpResponse = { status: 404, headers: strictHeaders, body: undefined }

export const tooManyAtOnce: HttpResponse = { status: 503, headers: { ...strictHeaders, 'retry-after': '1' }, body: undefined }

export const alive: HttpResponse = { status: 200, headers: strictJsonHeaders, body: JSON.stringify({ status: 'ok' }) }

export type OperatorPages = Readonly<Record<OperatorPath, () => Promise<HttpResponse>>>

/** The pages of the operator. The figures are computed at most once a second, for any number of clients. */
export function operatorPages({ metrics, isHealthy }: { metrics: Metrics; isHealthy: () => Promise<boolean> }): OperatorPages {
  const { registry } = metrics
  const figures = onceASecond(async () => Buffer.from(await registry.metrics()))
  return {
    [livenessPath]: async () => alive,
    '/health': async () => {
      const isOk = await isHealthy()
      return { status: isOk ? 200 : 503, headers: strictJsonHeaders, body: JSON.stringify({ status: isOk ? 'ok' : 'unavailable' }) }
    },
    '/metrics': async () => ({ status: 200, headers: { ...strictHeaders, 'content-type': registry.contentType }, body: await figures() }),
  }
}
