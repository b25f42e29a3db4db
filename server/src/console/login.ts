import { upToDate } from '../auth/access.ts'
import { badRequest } from '../errors.ts'
import type { Endpoint, Received } from '../http/endpoint.ts'
import type { Config } from '../settings/config.ts'
import type { Tools } from '../sts/credentials.ts'
import { createIssuer } from '../sts/issuer.ts'
import { userIdIn } from '../sts/user-id.ts'
import { credentialsOfLogin, trustingIamRole } from '../sts/web-identity.ts'
import { mayServe, overTlsOnly } from './safe.ts'
import { jsonResponse, entranceEndpoint, signedInSeconds, textsIn, type tryLimit } from './entrance.ts'

const largestBody = 16 * 1024

/** Where the issuer sends the browser back to. */
const returnPath = '/console/signed-in'

type Settings = Pick<Config, 'oidcIssuer' | 'oidcJwks' | 'consoleClient' | 'consoleClientSecret' | 'consoleRole'>

interface Wiring extends Tools {
  readonly countTry: ReturnType<typeof tryLimit>
}

/** Throws unless the address is that of the page. The issuer checks it too. */
function ownAddress({ host }: Received, redirectUri: string) {
  if (URL.canParse(redirectUri)) {
    const url = new URL(redirectUri)
    if (url.host === host && url.pathname === returnPath) return redirectUri
  }
  throw badRequest('The RedirectUri is not valid', `RedirectUri must be https://HOST${returnPath} of this server.`)
}

/** The name of an operator's session, which the audit log shows. */
const roleSessionName = (text: string) =>
  text
    .replaceAll(/[^\w+=,.@-]+/g, '-')
    .slice(0, 64)
    .padEnd(2, '-')

/**
 * GET /console/login says where operators log in, if an issuer is configured for them. POST /console/login gives temporary credentials
 * of the role of operators for an authorization code, as AssumeRoleWithWebIdentity does for a token: the trust of the role decides who.
 */
export async function loginEndpoint(settings: Settings, wiring: Wiring): Promise<Endpoint> {
  const { oidcIssuer, oidcJwks: jwks, consoleClient: clientId, consoleClientSecret: secret, consoleRole } = settings
  const { countTry, now, ring, userClaim } = wiring
  const configured = oidcIssuer !== undefined &&
    clientId !== undefined && {
      // Its library is loaded where it is used.
      codes: (await import('./authorization-code.ts')).authorizationCode({ issuer: oidcIssuer, clientId, secret }),
      issuer: createIssuer(oidcIssuer, [clientId], jwks, now),
    }
  return entranceEndpoint('/console/login', largestBody, async received => {
    if (!mayServe(received)) throw overTlsOnly()
    if (received.method === 'GET')
      return jsonResponse(configured ? { AuthorizationEndpoint: await configured.codes.authorizationEndpoint(), ClientId: clientId } : {})
    countTry(received)
    if (!configured)
      throw badRequest(
        'Logins are not configured',
        'The server was started without --console-client. Sign in with a link of carillon console.',
      )
    const members = ['Code', 'Verifier', 'Nonce', 'RedirectUri'] as const
    const given = textsIn(received, members, `Send JSON with the members ${members.join(', ')}, as the page of the console does.`)
    const { Code: code, Verifier: verifier, Nonce: nonce } = given
    const token = await configured.codes.idToken({ code, verifier, nonce, redirectUri: ownAddress(received, given.RedirectUri) })
    const claims = await configured.issuer.verify(token)
    // A role that a command has just created or changed applies immediately.
    const role = await upToDate(ring, async () => trustingIamRole(ring.iamRole(consoleRole ?? ''), claims))
    const userId = userIdIn(claims, userClaim)
    const email = claims['email_verified'] === true && typeof claims['email'] === 'string' ? claims['email'] : undefined
    const name = roleSessionName(email ?? userId)
    const seconds = Math.min(signedInSeconds, role.longestSeconds)
    const { Credentials } = await credentialsOfLogin(wiring, { role, claims, userId, name, policy: undefined, seconds })
    return jsonResponse({ Credentials })
  })
}
