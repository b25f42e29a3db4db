/** `https://login.example.com/realms/chat` without its scheme, and without a slash at its end. */
const bare = (name: string) => name.replace(/^https?:\/\//, '').replace(/\/$/, '')

/** A user pool's id, as the last part of its issuer. */
const poolOf = (name: string) => /\/([\w-]+_[0-9A-Za-z]+)$/.exec(name)?.[1]

/** What clients write as a key of Logins for that issuer, as it stands in a Reason. */
export const providerName = bare

/**
 * Whether a key of Logins means that issuer: its URL without the scheme; and, where the issuer is a Cognito user pool of this machine,
 * the name that such a pool has at Amazon too, since libraries make it of the pool's id.
 */
export function isProvider(key: string, issuer: string): boolean {
  if (/^https?:/.test(key)) return false
  const pool = poolOf(bare(issuer))
  return (
    bare(key) === bare(issuer) || (pool !== undefined && /^cognito-idp\.[\w-]+\.amazonaws\.com(?:\.cn)?\/([\w-]+)$/.exec(key)?.[1] === pool)
  )
}
