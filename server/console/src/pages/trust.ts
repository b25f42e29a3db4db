import type { ClientOutput, Input } from '../../../src/contract/index.ts'
import type { Field } from '../parts/field.tsx'
import { jsonInLines } from '../text.ts'

type Role = NonNullable<ClientOutput<'DescribeIamRole'>['IamRole']>

const inLines = (texts: readonly string[] | undefined) => texts?.join('\n') ?? ''
const linesOf = (text = '') =>
  text
    .split(/[\n,]/)
    .map(line => line.trim())
    .filter(line => line !== '')

/** The fields for the trust of a role and the bounds of its sessions. */
export const trustFields = (role: Role = {}): readonly Field[] => [
  {
    name: 'TrustedPrincipals',
    label: 'Who may assume it, beside the root key',
    kind: 'lines',
    value: inLines(role.TrustedPrincipals),
    hint: 'Access key ids and ARNs of users and roles, one a line.',
  },
  {
    name: 'Audiences',
    label: 'Audiences of the logins that may assume it',
    kind: 'lines',
    value: inLines(role.OidcTrust?.Audiences),
    hint: 'Empty if no login may.',
  },
  { name: 'Issuer', label: 'Issuer of the logins', value: role.OidcTrust?.Issuer ?? '', hint: 'Empty for the issuer of --oidc-issuer.' },
  {
    name: 'ClaimCondition',
    label: 'Condition on their claims',
    kind: 'lines',
    isCode: true,
    rows: 3,
    value: jsonInLines(role.OidcTrust?.ClaimCondition),
    hint: 'A Condition in the JSON of IAM, or empty.',
  },
  {
    name: 'SessionTagKeys',
    label: 'Session tags that it accepts',
    value: role.SessionTagKeys?.join(', ') ?? '',
    hint: 'Separated by commas; * for all.',
  },
  { name: 'ExternalId', label: 'External id', value: role.ExternalId ?? '' },
  { name: 'MaxSessionSeconds', label: 'Longest session, in seconds', kind: 'number', value: String(role.MaxSessionSeconds ?? 3600) },
]

/** The members of a call from these fields. */
export function trustIn(values: Readonly<Record<string, string>>): Omit<Input<'UpdateIamRole'>, 'RoleName'> {
  const { Issuer = '', ClaimCondition = '' } = values
  const audiences = linesOf(values['Audiences'])
  return {
    TrustedPrincipals: linesOf(values['TrustedPrincipals']),
    OidcTrust:
      audiences.length === 0
        ? {}
        : {
            Audiences: audiences,
            ...(Issuer.trim() !== '' && { Issuer: Issuer.trim() }),
            ...(ClaimCondition.trim() !== '' && { ClaimCondition }),
          },
    SessionTagKeys: linesOf(values['SessionTagKeys']),
    ExternalId: values['ExternalId']?.trim() ?? '',
    MaxSessionSeconds: Number(values['MaxSessionSeconds']),
  }
}
