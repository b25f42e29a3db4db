import type { Metrics } from '../observe/metrics.ts'
import { onceASecond } from '../tools/once-a-second.ts'
import { strictHeaders } from './answer.ts'
import type { Answer } from './endpoint.ts'

export const operatorPaths = ['/health', '/metrics'] as const
type OperatorPath = (typeof operatorPaths)[number]

/** For the operator, and not for pages of others. */
export const isOperatorPath = (url: string) => /^\/(?:health|metrics)(?:[?/]|$)/.test(url)

export const noPage: Answer = { status: 404, headers: strictHeaders, body: undefined }

export const tooManyAtOnce: Answer = { status: 503, headers: { ...strictHeaders, 'retry-after': '1' }, body: undefined }

const json = { ...strictHeaders, 'content-type': 'application/json; charset=utf-8' }

export type OperatorPages = Readonly<Record<OperatorPath, () => Promise<Answer>>>

/** The pages of the operator. The figures are gathered once a second at most, however many ask. */
export function operatorPages({ metrics, isHealthy }: { metrics: Metrics; isHealthy: () => Promise<boolean> }): OperatorPages {
  const { registry } = metrics
  const figures = onceASecond(async () => Buffer.from(await registry.metrics()))
  return {
    '/health': async () => {
      const isOk = await isHealthy()
      return { status: isOk ? 200 : 503, headers: json, body: JSON.stringify({ status: isOk ? 'ok' : 'unavailable' }) }
    },
    '/metrics': async () => ({ status: 200, headers: { ...strictHeaders, 'content-type': registry.contentType }, body: await figures() }),
  }
}
