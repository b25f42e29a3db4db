/** Of whom the keys and variables of policies speak: who has signed. */
export interface Subject {
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
}
