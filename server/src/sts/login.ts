import { failure } from '../errors.ts'
import type { Claims, Issuer } from './issuer.ts'

/** Resolves to the claims of the login in the Authorization header of POST /creds. Throws an ApiError if there is none. */
export type Login = (authorization: string) => Promise<Claims>

export const unauthorizedLogin = (reason: string) => failure('UnauthorizedClientException', 'The login could not be verified', reason)

/** `Bearer TOKEN`, with a token of the issuer; Amazon's demo encodes it in base64 once more. */
export const issuerLogin =
  (issuer: Issuer): Login =>
  async authorization => {
    const [, text] = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization) ?? []
    if (text === undefined) throw unauthorizedLogin("The header Authorization must read 'Bearer TOKEN', with a token of the issuer.")
    return issuer.verify(text.includes('.') ? text : Buffer.from(text, 'base64').toString('latin1'))
  }
