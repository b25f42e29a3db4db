import type { Identity } from '../store/identities.ts'

/** The wire's Identity: the name is the one that the user or bot has now. */
export const identity = ({ arn, name }: Identity) => ({ Arn: arn, Name: name })
