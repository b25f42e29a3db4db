/** Who has signed: the one of whom IAM asks what it may (spec/authorization.md §7). */
export interface Principal {
  /** As Amazon writes it: `arn:aws:iam::ACCOUNT:root`, `…:user/NAME`, `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`, … */
  readonly arn: string
  /** The aws:userid of policies. */
  readonly userId: string
  /** The aws:PrincipalTag of policies. */
  readonly tags: ReadonlyMap<string, string>
}

/** The owner of the server, who may do everything. */
export const rootPrincipal = (account: string): Principal => ({ arn: `arn:aws:iam::${account}:root`, userId: account, tags: new Map() })
