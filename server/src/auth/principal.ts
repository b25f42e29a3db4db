import type { Policy } from './iam/policy.ts'

/** Who has signed: the one of whom IAM asks what it may (spec/authorization.md §7). */
export interface Principal {
  /** As Amazon writes it: `arn:aws:iam::ACCOUNT:root`, `…:user/NAME`, `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`, … */
  readonly arn: string
  /** The aws:userid of policies. */
  readonly userId: string
  /** The aws:PrincipalTag of policies. */
  readonly tags: ReadonlyMap<string, string>
  /** The AppInstanceUserId of the login that has led to it: the cognito-identity.amazonaws.com:sub of policies. */
  readonly subject?: string | undefined
  /** When its temporary credentials were issued, in epoch milliseconds; undefined for a key that lasts. */
  readonly issuedAt?: number | undefined
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
