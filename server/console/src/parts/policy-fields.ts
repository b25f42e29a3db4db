import type { Field } from './field.tsx'

/** The fields for the policy of a new key or role: the user of a usual policy, or a policy. */
export const policyFields: readonly Field[] = [
  {
    name: 'UsualPolicyOf',
    label: 'ARN of the user that it acts as',
    isCode: true,
    hint: 'For the usual policy of a chat user; or give a policy.',
  },
  {
    name: 'Policy',
    label: 'Policy',
    kind: 'lines',
    isCode: true,
    rows: 8,
    hint: 'In the JSON of IAM. "Try a policy" simulates it.',
  },
]

export const policyIn = ({ UsualPolicyOf = '', Policy = '' }: Readonly<Record<string, string>>) => ({
  ...(UsualPolicyOf.trim() !== '' && { UsualPolicyOf: UsualPolicyOf.trim() }),
  ...(Policy.trim() !== '' && { Policy }),
})
