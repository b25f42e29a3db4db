import type { Policy } from './iam/policy.ts'
import type { Subject } from './iam/subject.ts'

/** The caller, and its permissions (docs/service/authorization.md#two-gates). */
export interface Principal extends Subject {
  /**
   * The groups of policies: those of the role or key, and those of the session. Each group must allow a call, and none may deny it.
   * Undefined for the root, which may do everything; an empty list permits nothing.
   */
  readonly permissions: readonly (readonly Policy[])[] | undefined
}

/** The principal of the root key, which may do everything. */
export const rootPrincipal = (account: string): Principal => ({
  arn: `arn:aws:iam::${account}:root`,
  userId: account,
  tags: new Map(),
  permissions: undefined,
})
