import type { Request } from 'playwright-core'
import { operations, type OperationName } from '../../src/contract/index.ts'
import type { Answered } from '../compat/boto3-script.ts'
import type { AnyInput } from '../operations/fixture.ts'

/** A request that a page has sent, and the answer once there is one; undefined if the page has not waited for it. */
export interface Recorded {
  readonly request: Request
  readonly answered: Promise<AnsweredPage | undefined>
}

interface AnsweredPage extends Answered {
  /** Of a refused request. */
  readonly exception: string | undefined
}

export const record = (request: Request): Recorded => ({
  request,
  answered: request.response().then(
    async response => {
      if (!response) return undefined
      const text = await response.text()
      const [exception] = response.headers()['x-amzn-errortype']?.split(':') ?? []
      return { status: response.status(), answer: text === '' ? {} : (JSON.parse(text) as AnyInput), exception }
    },
    () => undefined,
  ),
})

/** The operation and the input of a request, read back by the contract; undefined if it is of no operation. */
export function decoded(request: Request): { name: OperationName; input: AnyInput } | undefined {
  const url = new URL(request.url())
  const found = (Object.entries(operations) as [OperationName, (typeof operations)[OperationName]][]).find(
    ([, { method, path, selector }]) => {
      const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
      const given = url.searchParams.get('operation') ?? url.searchParams.get('scope')
      return method === request.method() && pattern.test(url.pathname) && (selector?.value ?? null) === given
    },
  )
  if (!found) return undefined
  const [name, { path, bindings, input: shape }] = found
  const segments = url.pathname.split('/')
  const inPath = new Map(path.split('/').map((segment, index) => [segment, decodeURIComponent(segments[index] ?? '')]))
  const body = JSON.parse(request.postData() ?? '{}') as AnyInput
  const input: AnyInput = {}
  for (const [member, binding] of Object.entries(bindings)) {
    const text =
      binding.in === 'path'
        ? inPath.get(`{${binding.name}}`)
        : binding.in === 'header'
          ? request.headers()[binding.name]
          : (url.searchParams.get(binding.name) ?? undefined)
    const { type } = (shape.properties as Record<string, { type?: string }>)[member] ?? {}
    const value = binding.in === 'body' ? body[member] : text !== undefined && type === 'integer' ? Number(text) : text
    if (value !== undefined) input[member] = value
  }
  return { name, input }
}

/** What these answer is of the moment, or of other calls. */
const ofTheMoment: ReadonlySet<string> = new Set<OperationName>(['DescribeServer', 'ListRecentCalls', 'ListConnectedUsers'])

/** Members whose values two servers choose, each its own. */
const chosen = /(?:Arn|Id|SecretAccessKey|NextToken)$/

/** The ids, tokens and secrets of one server by those of another, learnt from what both have answered to the same call. */
export class Counterparts {
  readonly #of = new Map<string, string>()

  /** An input for the other server. */
  translated(value: unknown): unknown {
    if (typeof value === 'string') return this.#of.get(value) ?? value
    if (Array.isArray(value)) return value.map(each => this.translated(each))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.translated(inner)]))
  }

  /** How what boto3 is answered by the other server differs, beside times, and ids that stand for each other. */
  differences(operation: string, page: AnsweredPage, script: Answered): string[] {
    if (page.status !== script.status) return [`${operation} has the status ${page.status}, and ${script.status}`]
    const [ours, theirs] = [page.answer, script.answer]
    if (page.exception !== undefined) {
      const { Code } = theirs['Error'] as { Code: string }
      return Code === page.exception ? [] : [`${operation} is refused with ${page.exception}, and with ${Code}`]
    }
    if (!ofTheMoment.has(operation)) return this.#compare(ours, theirs, operation)
    const [names, others] = [Object.keys(ours).toSorted(), Object.keys(theirs).toSorted()]
    return names.join() === others.join() ? [] : [`${operation} has ${names.join()}, and ${others.join()}`]
  }

  #compare(ours: unknown, theirs: unknown, where: string): string[] {
    const differ = [`${where} is ${JSON.stringify(ours)}, and ${JSON.stringify(theirs)}`]
    const member = where.slice(where.lastIndexOf('.') + 1)
    if (typeof ours !== typeof theirs) return differ
    if (typeof ours === 'string' && typeof theirs === 'string' && chosen.test(member)) {
      const counterpart = this.#of.get(ours)
      if (counterpart === undefined) this.#of.set(ours, theirs)
      return (counterpart ?? theirs) === theirs ? [] : differ
    }
    if (typeof ours !== 'object' || ours === null || theirs === null) return ours === theirs || member.endsWith('Timestamp') ? [] : differ
    const [one, other] = [ours as AnyInput, theirs as AnyInput]
    const names = new Set([...Object.keys(one), ...Object.keys(other)])
    return [...names].flatMap(name => this.#compare(one[name], other[name], Array.isArray(ours) ? where : `${where}.${name}`))
  }
}
