import { hash } from 'node:crypto'
import { invalidToken, type Claims } from './issuer.ts'

/** The pattern of an AppInstanceUserId in Amazon's model. */
const userId = /^[A-Za-z0-9](?:[A-Za-z0-9:_.@-]{0,62}[A-Za-z0-9])?$/
const longest = 64
/** The prefixes of mapped ids. No text that is used unchanged begins with one of them. */
const escaped = 'x:'
const hashed = 'sha256:'

const escapeBytes = (text: string) => Buffer.from(text).toString('hex').toUpperCase().replaceAll(/../g, ':$&')

const base32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** The SHA-256 of a text as 52 letters and digits. */
function hashOf(text: string): string {
  const bits = BigInt(`0x${hash('sha256', text)}`) << 4n
  return Array.from({ length: 52 }, (_, index) => base32[Number((bits >> BigInt(255 - 5 * index)) & 31n)]).join('')
}

/**
 * The AppInstanceUserId of a text, such as a login's subject. A text that is a valid id stays as it is. Any other becomes `x:` and the text
 * with all characters but letters, digits, `_`, `.`, `@` and `-` escaped: each byte of UTF-8 becomes `:` and two hexadecimal digits, so
 * does a last character that is not a letter or digit. `auth0|5f7c` becomes `x:auth0:7C5f7c`. If that has more than 64 characters, the id
 * is `sha256:` and the hash. The same text always has the same id, and two texts never share one.
 */
export function userIdOf(text: string): string {
  if (userId.test(text) && !text.startsWith(escaped) && !text.startsWith(hashed)) return text
  const plain = text.replaceAll(/[^A-Za-z0-9_.@-]+|[^A-Za-z0-9]$/gu, escapeBytes)
  const id = escaped + plain
  return id.length <= longest ? id : hashed + hashOf(text)
}

/** The AppInstanceUserId of a login, from the claim that the operator has chosen. Throws if the token does not have it. */
export function userIdIn(claims: Claims, claim: string): string {
  const value = claims[claim]
  if ((typeof value === 'string' && value.isWellFormed() && value !== '') || typeof value === 'number') return userIdOf(String(value))
  throw invalidToken(`The claim ${claim}, which --user-claim names as the user's id, must be a text or a number in the token.`)
}
