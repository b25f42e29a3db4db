import type { Field } from './field.tsx'

/** What something new is allowed: the usual policy of a user, or a policy of its own. */
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
    hint: 'In the JSON of IAM. It can be tried before, under "Try a policy".',
  },
]

export const policyIn = ({ UsualPolicyOf = '', Policy = '' }: Readonly<Record<string, string>>) => ({
  ...(UsualPolicyOf.trim() !== '' && { UsualPolicyOf: UsualPolicyOf.trim() }),
  ...(Policy.trim() !== '' && { Policy }),
})
