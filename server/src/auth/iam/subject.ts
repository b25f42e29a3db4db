/** The caller, as the condition keys and variables of policies describe it. */
export interface Subject {
  /** As Amazon writes it: `arn:aws:iam::ACCOUNT:root`, `…:user/NAME`, `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`, … */
  readonly arn: string
  /** aws:userid in policies. */
  readonly userId: string
  /** aws:PrincipalTag in policies. */
  readonly tags: ReadonlyMap<string, string>
  /** The AppInstanceUserId of the login that the session comes from: cognito-identity.amazonaws.com:sub in policies. */
  readonly subject?: string | undefined
  /** When the temporary credentials were issued, in epoch milliseconds; undefined for a long-lived key. */
  readonly issuedAt?: number | undefined
}
