import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import { ApiError } from '../errors.ts'
import { fetchDocument } from './fetch-document.ts'

/** Public-key algorithms only: anybody with the public key could use it as a shared secret, and `none` is not a signature. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
/** The longest token, as at Amazon. */
const longestJwt = 20_000
const fetchMilliseconds = 5000
/** The least time between two loads of the keys because a token names an unknown one. */
const pauseMilliseconds = 5000
const freshMilliseconds = 600_000
const clockToleranceSeconds = 30

/** The claims of a verified token. */
export type Claims = JWTPayload & { readonly sub: string; readonly iss: string }

export interface Issuer {
  readonly name: string
  /** Resolves to the claims of a token that the issuer has signed for one of the audiences, and that is valid now. */
  verify(token: string): Promise<Claims>
}

export const invalidToken = (reason: string) =>
  new ApiError('InvalidIdentityToken', 400, 'The web identity token that was passed could not be validated.', reason)

/** Rejects for a status that is not a success. */
async function documentAt(url: string, headers?: Headers): Promise<Response> {
  const response = await fetchDocument(url, headers ? { headers } : {})
  if (!response.ok) throw new Error(`${url} answers with the status ${response.status}`)
  return response
}

/** The URL of the issuer's keys, from its configuration document. */
async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const response = await documentAt(url)
  const found = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown } | null
  if (found?.issuer !== issuer) throw new Error(`${url} does not describe the issuer ${issuer}`)
  const { jwks_uri: keys } = found
  if (typeof keys !== 'string' || !/^https?:/.test(keys)) throw new Error(`${url} has no jwks_uri`)
  return keys
}

/** How many keys the issuer publishes at present. Rejects with an Error that says why no login can be verified. */
export async function publishedKeys(issuer: string, jwks: string | undefined): Promise<number> {
  const response = await documentAt(jwks ?? (await discover(issuer)))
  const { keys } = (await response.json()) as { keys?: unknown }
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('it publishes no keys')
  return keys.length
}

/**
 * The keys of an issuer: loaded for the first token, cached for ten minutes, and loaded again if a token names a new one. While the issuer
 * is unavailable, it is called at a bounded rate, however many tokens arrive.
 */
function keysOf(issuer: string, jwks: string | undefined) {
  let found: ReturnType<typeof createRemoteJWKSet> | undefined
  let opening: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined
  let failure: { readonly error: unknown; readonly at: number } | undefined

  const patiently = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (failure && performance.now() - failure.at < pauseMilliseconds) throw failure.error
    try {
      return await work()
    } catch (error) {
      failure = { error, at: performance.now() }
      throw error
    }
  }
  const open = async () => {
    const url = new URL(jwks ?? (await patiently(() => discover(issuer))))
    return createRemoteJWKSet(url, {
      timeoutDuration: fetchMilliseconds,
      cooldownDuration: pauseMilliseconds,
      cacheMaxAge: freshMilliseconds,
      [customFetch]: (address, { headers }) => patiently(() => documentAt(address, headers)),
    })
  }
  return async () => (found ??= await (opening ??= open().finally(() => (opening = undefined))))
}

/** The header of a token names the key; it never says where the keys are. */
export function createIssuer(issuer: string, audiences: readonly string[], jwks: string | undefined, now: () => number): Issuer {
  const keys = keysOf(issuer, jwks)
  const keyOf: JWTVerifyGetKey = async (header, jws) => (await keys())(header, jws)
  return {
    name: issuer,
    async verify(token) {
      if (token.length > longestJwt) throw invalidToken(`The token has more than ${longestJwt} characters.`)
      const options = {
        issuer,
        audience: [...audiences],
        algorithms,
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(now()),
        requiredClaims: ['sub', 'exp', 'iss', 'aud'],
      }
      try {
        const { payload } = await jwtVerify(token, keyOf, options)
        if (typeof payload.sub !== 'string' || payload.sub === '') throw invalidToken('The claim sub must be a text.')
        return payload as Claims
      } catch (error) {
        throw refusalOf(error, issuer)
      }
    },
  }
}

const readable: Readonly<Record<string, string>> = {
  ERR_JOSE_ALG_NOT_ALLOWED: `The algorithm of the token is none of ${algorithms.join(', ')}.`,
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'The signature of the token is not valid.',
  ERR_JWKS_NO_MATCHING_KEY: 'The issuer has no key with the kid of the token.',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'The issuer has several keys that could have signed; the token must name one (kid).',
  ERR_JWS_INVALID: 'It is not a signed JSON Web Token.',
  ERR_JWT_INVALID: 'It is not a JSON Web Token.',
  ERR_JOSE_NOT_SUPPORTED: 'The way in which it is signed is not supported.',
}

function refusalOf(error: unknown, issuer: string): unknown {
  if (error instanceof ApiError) return error
  if (error instanceof errors.JWTExpired)
    return new ApiError(
      'ExpiredTokenException',
      400,
      'The web identity token that was passed is expired.',
      'Get a new one from the issuer.',
    )
  if (error instanceof errors.JWTClaimValidationFailed)
    return invalidToken(`The claim ${error.claim} is missing, or does not have the required value.`)
  const reason = error instanceof errors.JOSEError ? readable[error.code] : undefined
  if (reason !== undefined) return invalidToken(reason)
  return new ApiError(
    'IDPCommunicationError',
    400,
    'The identity provider (IDP) that was asked could not be reached.',
    `The keys of ${issuer} cannot be loaded at the moment.`,
    { cause: error },
  )
}
