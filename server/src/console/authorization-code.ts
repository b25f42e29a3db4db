import * as oauth from 'oauth4webapi'
import { failure, unavailable } from '../errors.ts'
import { fetchDocument } from '../sts/fetch-document.ts'

/** The console, as the issuer knows it. */
interface Client {
  readonly issuer: string
  readonly clientId: string
  /** Undefined for a public client, which PKCE alone protects. */
  readonly secret: string | undefined
}

/** The login of a browser: what the issuer has sent it back with, and what the page has stored meanwhile. */
interface Returned {
  readonly code: string
  readonly verifier: string
  readonly nonce: string
  readonly redirectUri: string
}

/** The issuer's configuration is loaded again after this time. */
const freshMilliseconds = 600_000
/** After a failure it is loaded again after this time. */
const pauseMilliseconds = 5000

type FetchOptions = oauth.CustomFetchOptions<string, URLSearchParams | undefined>

/** An issuer of the operator's own may be at http://; --oidc-issuer says so. */
const asking = {
  [oauth.customFetch]: async (url: string, { method, headers, body }: FetchOptions) =>
    fetchDocument(url, { method, headers, ...(body instanceof URLSearchParams && { body }) }),
  [oauth.allowInsecureRequests]: true,
} as const

const unreachable = (issuer: string, cause: unknown) =>
  unavailable(
    'The issuer of the logins cannot be used at the moment',
    `${issuer} does not answer with its configuration. Sign in with a link of carillon console.`,
    cause,
  )

const refusedCode = (cause: oauth.ResponseBodyError | oauth.OperationProcessingError) =>
  failure(
    'UnauthorizedClientException',
    'The login is not complete',
    `The issuer has refused it, or its answer is not valid: ${'error' in cause ? cause.error : cause.message}. Sign in again.`,
    cause,
  )

/** The issuer at which operators log in with an authorization code and PKCE. */
export function authorizationCode({ issuer, clientId, secret }: Client) {
  const client = { client_id: clientId }
  let loaded: { readonly server: Promise<oauth.AuthorizationServer>; readonly until: number } | undefined

  async function load(): Promise<oauth.AuthorizationServer> {
    const url = new URL(issuer)
    return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm: 'oidc', ...asking }))
  }

  async function described(): Promise<oauth.AuthorizationServer> {
    if (!loaded || performance.now() > loaded.until) loaded = { server: load(), until: performance.now() + freshMilliseconds }
    const mine = loaded
    try {
      return await mine.server
    } catch (error) {
      // All logins that arrive meanwhile share one request.
      if (loaded === mine) loaded = { ...mine, until: Math.min(mine.until, performance.now() + pauseMilliseconds) }
      throw unreachable(issuer, error)
    }
  }

  /** How the client authenticates; `post` is for issuers that support no other way. */
  function identification({ token_endpoint_auth_methods_supported: ways }: oauth.AuthorizationServer): oauth.ClientAuth {
    if (secret === undefined) return oauth.None()
    return ways && !ways.includes('client_secret_basic') ? oauth.ClientSecretPost(secret) : oauth.ClientSecretBasic(secret)
  }

  return {
    /** The URL at which a browser logs in. */
    async authorizationEndpoint(): Promise<string> {
      const { authorization_endpoint: url } = await described()
      if (url === undefined) throw unreachable(issuer, new Error('It has no authorization_endpoint'))
      return url
    },

    /** The ID token that the issuer gives for a code, with the nonce that the browser has sent. Its signature is not checked yet. */
    async idToken({ code, verifier, nonce, redirectUri }: Returned): Promise<string> {
      const server = await described()
      const parameters = oauth.validateAuthResponse(
        { ...server, authorization_response_iss_parameter_supported: false },
        client,
        new URLSearchParams({ code }),
      )
      try {
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          identification(server),
          parameters,
          redirectUri,
          verifier,
          asking,
        )
        const answer = await oauth.processAuthorizationCodeResponse(server, client, response, {
          expectedNonce: nonce,
          requireIdToken: true,
        })
        return answer.id_token!
      } catch (error) {
        if (error instanceof oauth.ResponseBodyError || error instanceof oauth.OperationProcessingError) throw refusedCode(error)
        throw unreachable(issuer, error)
      }
    },
  }
}
