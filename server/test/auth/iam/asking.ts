import { decide, type Decision } from '../../../src/auth/iam/decide.ts'
import { parsePolicy } from '../../../src/auth/iam/policy.ts'
import type { RequestContext } from '../../../src/auth/iam/request-context.ts'
import type { Principal } from '../../../src/auth/principal.ts'

export const app = 'arn:aws:chime:us-east-1:000000000000:app-instance/11111111-2222-3333-4444-555555555555'
export const alice = `${app}/user/alice`
export const noon = Date.parse('2026-06-01T12:00:00Z')

const usual: Omit<RequestContext, 'resource'> = {
  now: noon,
  sourceAddress: '192.0.2.7',
  isSecure: true,
  headers: { 'user-agent': 'aws-sdk-js/3.0', referer: 'https://chat.example.com/' },
  region: 'eu-central-1',
  account: '111111111111',
  requestTags: undefined,
  resourceTags: undefined,
}

export type Asked = Partial<RequestContext> & {
  readonly action?: string
  readonly principal?: Partial<Principal>
}

/** Decides about a policy, or about groups of them. */
export function ask(
  statements: unknown,
  { action = 'chime:SendChannelMessage', resource = alice, principal = {}, ...context }: Asked = {},
): Decision {
  const policy = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }))
  return decide(
    { arn: 'arn:aws:iam::000000000000:user/staff/tester', userId: 'AIDATESTER', tags: new Map(), permissions: [[policy]], ...principal },
    action,
    { ...usual, resource, ...context },
  )
}
