import { readFile } from 'node:fs/promises'
import { parsePolicy } from '../auth/iam/policy.ts'
import { usualPolicy } from '../keys/usual-policy.ts'

/** The source of a policy: a file in IAM's JSON, or the usual policy of a user. */
export interface PolicyFlags {
  readonly policy?: string
  readonly user?: string
}

/**
 * Undefined if neither is given. Throws an Error for a policy that the server does not understand, so it is never stored. Writes to stderr
 * which of its actions Carillon does not have.
 */
export async function policyOf({ policy: file, user }: PolicyFlags): Promise<string | undefined> {
  if (file !== undefined && user !== undefined) throw new Error('Give either --policy or --user, not both.')
  if (user !== undefined) return usualPolicy(user)
  if (file === undefined) return undefined
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Error(`The policy ${file} cannot be read: ${(error as Error).message}.`, { cause: error })
  })
  try {
    const { unknownActions } = parsePolicy(text)
    if (unknownActions.length > 0)
      process.stderr.write(`Carillon has no ${unknownActions.join(' and no ')}: the policy has no effect on that.\n`)
  } catch (error) {
    throw new Error(`The policy ${file} cannot be used: ${(error as Error).message}`, { cause: error })
  }
  return text
}

export async function requirePolicy(flags: PolicyFlags): Promise<string> {
  const policy = await policyOf(flags)
  if (policy === undefined) throw new Error("Give --policy FILE in IAM's JSON, or --user ARN for the usual policy of that user.")
  return policy
}
