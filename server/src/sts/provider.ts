import { providerOf } from '../auth/iam/claims.ts'

/** The id of a user pool, as the last part of its issuer. */
const poolOf = (name: string) => /\/([\w-]+_[0-9A-Za-z]+)$/.exec(name)?.[1]

/**
 * Whether a key of Logins names that issuer: its URL without the scheme. If the issuer is a Cognito user pool on this machine, the
 * name of such a pool on Amazon counts too, since libraries build it from the pool's id.
 */
export function isProvider(key: string, issuer: string): boolean {
  if (/^https?:/.test(key)) return false
  const provider = providerOf(issuer)
  const pool = poolOf(provider)
  const named = /^cognito-idp\.[\w-]+\.amazonaws\.com(?:\.cn)?\/([\w-]+)$/.exec(key)?.[1]
  return providerOf(key) === provider || (pool !== undefined && named === pool)
}
