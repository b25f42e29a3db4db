import { providerOf } from '../auth/iam/claims.ts'

/** A user pool's id, as the last part of its issuer. */
const poolOf = (name: string) => /\/([\w-]+_[0-9A-Za-z]+)$/.exec(name)?.[1]

/**
 * Whether a key of Logins means that issuer: its URL without the scheme; and, where the issuer is a Cognito user pool of this machine,
 * the name that such a pool has at Amazon too, since libraries make it of the pool's id.
 */
export function isProvider(key: string, issuer: string): boolean {
  if (/^https?:/.test(key)) return false
  const provider = providerOf(issuer)
  const pool = poolOf(provider)
  const named = /^cognito-idp\.[\w-]+\.amazonaws\.com(?:\.cn)?\/([\w-]+)$/.exec(key)?.[1]
  return providerOf(key) === provider || (pool !== undefined && named === pool)
}
