import { randomUUID } from 'node:crypto'
import type { Environment } from '../api/call.ts'
import type { Access } from '../auth/access.ts'
import { rootPrincipal } from '../auth/principal.ts'
import { Trail } from '../auth/trail.ts'
import type { Input, OperationName } from '../contract/index.ts'
import { operations } from '../contract/index.ts'
import { dispatchOf, type Dispatch } from '../http/dispatch.ts'

/** Calls an operation of the API and returns its output, as JSON has it. Rejects with the ApiError that a client would see. */
export type CallInside = <Name extends OperationName>(name: Name, input: Input<Name>) => Promise<Record<string, unknown>>

/** Returns a caller in the process: its calls are decoded, checked and answered like others, but need no signature and no network. */
export function callerInside(environment: Environment, access: Access): CallInside {
  const key = { accessKeyId: '', secretAccessKey: '', principal: rootPrincipal(environment.account) }
  const dispatches = new Map<OperationName, Dispatch>()
  const dispatchFor = (name: OperationName) => {
    let dispatch = dispatches.get(name)
    if (!dispatch) {
      dispatch = dispatchOf(name, operations[name], { access, verify: () => key, environment, rateLimiting: undefined })
      dispatches.set(name, dispatch)
    }
    return dispatch
  }

  return async (name, input) => {
    const { method, path: url, selector, bindings } = operations[name]
    const params: Record<string, string> = {}
    const headers: Record<string, string> = {}
    const query = new URLSearchParams(selector && { [selector.name]: selector.value })
    const body: Record<string, unknown> = {}
    for (const [member, value] of Object.entries(input)) {
      const binding = bindings[member]!
      if (binding.in === 'path') params[binding.name] = String(value)
      else if (binding.in === 'header') headers[binding.name] = String(value)
      else if (binding.in === 'query') query.set(binding.name, String(value))
      else body[member] = value
    }
    const answer = await dispatchFor(name)({
      requestId: randomUUID(),
      method,
      url,
      rawHeaders: [],
      headers,
      body: Buffer.from(method === 'GET' || method === 'DELETE' ? '' : JSON.stringify(body)),
      params,
      query: String(query),
      sourceAddress: '127.0.0.1',
      isSecure: true,
      host: 'localhost',
      trail: new Trail(),
    })
    return answer === undefined ? {} : (JSON.parse(answer) as Record<string, unknown>)
  }
}
