import type { Identity } from '../store/identities.ts'

/** The wire's Identity, with the present name of the user or bot. */
export const identity = ({ arn, name }: Identity) => ({ Arn: arn, Name: name })
