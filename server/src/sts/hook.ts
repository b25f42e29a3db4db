import { unavailable } from '../errors.ts'
import { fetchDocument } from './fetch-document.ts'
import type { Claims } from './issuer.ts'
import { unauthorizedLogin, type Login } from './login.ts'

const describe = 'It must answer 200 with a JSON object whose member sub is the AppInstanceUserId.'

/**
 * An exchange hook: the operator's own URL decides to whom the login in an Authorization header belongs. It receives a POST with that
 * header unchanged, and answers with claims. They count as a token of that URL for the audience `exchange`.
 */
export function hookLogin(url: string): Login {
  return async authorization => {
    if (authorization === '') throw unauthorizedLogin('The header Authorization is missing.')
    let response: Response
    try {
      response = await fetchDocument(url, { method: 'POST', headers: { authorization, accept: 'application/json' } })
    } catch (error) {
      throw unavailable('The login cannot be verified at the moment', 'The exchange hook does not answer. Try again.', error)
    }
    if (response.status === 401 || response.status === 403) throw unauthorizedLogin('The exchange hook refused this login.')
    const claims = response.status === 200 ? await claimsIn(response) : undefined
    if (!claims)
      throw unavailable('The login cannot be verified at the moment', `The answer of the exchange hook is not valid. ${describe}`)
    return { ...claims, iss: url, aud: 'exchange' }
  }
}

async function claimsIn(response: Response): Promise<Claims | undefined> {
  try {
    const claims = (await response.json()) as Partial<Claims> | null
    return typeof claims?.sub === 'string' && claims.sub !== '' ? (claims as Claims) : undefined
  } catch {
    return undefined
  }
}
