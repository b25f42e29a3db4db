import { go } from './router.ts'

/** What the page stores while the browser is at the issuer. It is not enough to sign in, and is removed once it has been read. */
interface Kept {
  readonly state: string
  readonly verifier: string
  readonly nonce: string
}

/** The input of POST /console/login. */
export interface Returned {
  readonly Code: string
  readonly Verifier: string
  readonly Nonce: string
  readonly RedirectUri: string
}

const key = 'carillon-login'
const redirectUri = `${location.origin}/console/signed-in`

const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCodePoint(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)))
const sha256 = async (text: string) => base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))))

/** Goes to the issuer, which sends the browser back with a code. */
export async function goToIssuer(authorizationEndpoint: string, clientId: string) {
  const kept: Kept = { state: random(), verifier: random(), nonce: random() }
  sessionStorage.setItem(key, JSON.stringify(kept))
  const url = new URL(authorizationEndpoint)
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: 'openid email',
    state: kept.state,
    nonce: kept.nonce,
    code_challenge: await sha256(kept.verifier),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  location.assign(url)
}

/**
 * The result of the login in the address of the page, which is removed from the address immediately; undefined if the browser does not come
 * from the issuer.
 */
export function takeReturned(): Returned | { readonly error: string } | undefined {
  const stored = sessionStorage.getItem(key)
  sessionStorage.removeItem(key)
  if (location.pathname !== '/console/signed-in') return undefined
  const answer = new URLSearchParams(location.search)
  go('/console', { replace: true })
  const code = answer.get('code')
  const refusal = answer.get('error_description') ?? answer.get('error')
  if (refusal !== null) return { error: `The issuer has refused the login: ${refusal}` }
  const { state, verifier, nonce } = (stored === null ? {} : JSON.parse(stored)) as Partial<Kept>
  if (code === null || state === undefined || verifier === undefined || nonce === undefined || answer.get('state') !== state)
    return { error: 'This login was not started in this window. Log in again.' }
  return { Code: code, Verifier: verifier, Nonce: nonce, RedirectUri: redirectUri }
}
