import type { Policy } from './iam/policy.ts'
import type { Subject } from './iam/subject.ts'

/** Who has signed, and what it may (docs/service/authorization.md#two-gates). */
export interface Principal extends Subject {
  /**
   * What it may: each group of policies must allow a call, and none may deny it (those of the role or key in one group, those of
   * the session in the next). Undefined for the root, who may do everything; an empty list permits nothing.
   */
  readonly permissions: readonly (readonly Policy[])[] | undefined
}

/** The owner of the server, who may do everything. */
export const rootPrincipal = (account: string): Principal => ({
  arn: `arn:aws:iam::${account}:root`,
  userId: account,
  tags: new Map(),
  permissions: undefined,
})
