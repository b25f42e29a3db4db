import { claimConditionOf } from '../auth/iam/claims.ts'
import { parsePolicy, type Policy } from '../auth/iam/policy.ts'
import type { Principal } from '../auth/principal.ts'
import type { StoredIamRole } from '../store/iam-roles.ts'
import type { TemporaryCredentials } from './session-token.ts'

export const userArn = (account: string, name: string) => `arn:aws:iam::${account}:user/${name}`
export const iamRoleArn = (account: string, name: string) => `arn:aws:iam::${account}:role/${name}`

/** The name in the ARN of a role of this account; undefined for every other text. */
export function iamRoleNameOf(account: string, arn: string): string | undefined {
  const prefix = iamRoleArn(account, '')
  return arn.startsWith(prefix) ? arn.slice(prefix.length) : undefined
}

/** A role with its parsed policy and trust. */
export interface IamRole extends StoredIamRole {
  readonly permissions: Policy
  /** Whether the claims of a token meet the condition of the role. */
  readonly takesClaims: (claims: Readonly<Record<string, unknown>>) => boolean
}

/** Throws a PolicyError if the policy or the condition on claims is not understood. */
export function parsedIamRole(stored: StoredIamRole): IamRole {
  const { policy, trust } = stored
  const takesClaims = trust.oidc?.condition === undefined ? () => true : claimConditionOf(trust.oidc.condition, trust.oidc.issuer)
  return { ...stored, permissions: parsePolicy(policy), takesClaims }
}

const noTags: ReadonlyMap<string, string> = new Map()

/** The principal of a long-lived key. The key's id stands for the IAM user's id, which begins with AIDA on Amazon. */
export const userPrincipal = (account: string, id: string, name: string, policy: Policy): Principal => ({
  arn: userArn(account, name),
  userId: id.replace(/^AKIA/, 'AIDA'),
  tags: noTags,
  permissions: [[policy]],
})

/** The principal of temporary credentials. `role` is the assumed role, `source` the principal whose key they come from. */
export function temporaryPrincipal(
  account: string,
  credentials: Pick<TemporaryCredentials, 'kind' | 'name' | 'policy' | 'issuedAt' | 'tags' | 'subject'>,
  role: IamRole | undefined,
  source: Principal | undefined,
): Principal {
  const { kind, name, policy, issuedAt } = credentials
  const own = policy === undefined ? [] : [[parsePolicy(policy)]]
  const tags = new Map(credentials.tags)
  if (kind === 'role') {
    return {
      arn: `arn:aws:sts::${account}:assumed-role/${role!.name}/${name}`,
      userId: `${role!.id}:${name}`,
      tags,
      subject: credentials.subject,
      issuedAt,
      permissions: [[role!.permissions], ...own],
    }
  }
  if (kind === 'session') return { ...source!, issuedAt }
  return {
    arn: `arn:aws:sts::${account}:federated-user/${name}`,
    userId: `${account}:${name}`,
    tags,
    issuedAt,
    // A federated user without a session policy may do nothing.
    permissions: [...(source!.permissions ?? []), ...(own.length > 0 ? own : [[]])],
  }
}
