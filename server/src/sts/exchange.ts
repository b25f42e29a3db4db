import { arnWithin, within } from '../arn.ts'
import { upToDate } from '../auth/access.ts'
import { addUser } from '../domain/users.ts'
import { forbidden } from '../errors.ts'
import { commonHeaders, headersWithCookies, renderError } from '../http/response.ts'
import type { Received, Endpoint } from '../http/endpoint.ts'
import { largestUnsignedBody } from '../http/largest.ts'
import type { Limits } from '../settings/limits.ts'
import { appInstanceByArn } from '../store/app-instances.ts'
import type { Database } from '../database/database.ts'
import { findIdentity } from '../store/identities.ts'
import type { Tools } from './credentials.ts'
import type { Claims } from './issuer.ts'
import { unauthorizedLogin, type Login } from './login.ts'
import type { TakeLogin } from './login-rate.ts'
import { userIdIn } from './user-id.ts'
import { credentialsOfLogin, trustingIamRole } from './web-identity.ts'

interface Wiring extends Tools {
  readonly db: Database
  readonly limits: Limits
  readonly login: Login
  readonly takeLogin: TakeLogin
  readonly role: string
  readonly appInstanceArn: string
  /** Whether a new login becomes an AppInstanceUser. */
  readonly makesUsers: boolean
}

const nameOf = (claims: Claims) =>
  [claims['name'], claims['preferred_username'], claims['email'], claims.sub]
    .filter(name => typeof name === 'string')
    .map(name =>
      name
        .replaceAll(/\p{Cc}/gu, ' ')
        .trim()
        .slice(0, 100)
        .toWellFormed(),
    )
    .find(name => name !== '')!

/** The name of the user of that id; the user is created if that is allowed. */
async function userOf({ db, limits, now, appInstanceArn, makesUsers }: Wiring, id: string, name: string): Promise<string> {
  const user = within(appInstanceArn, 'user', id)
  const found = await findIdentity(db, user)
  if (found) return found.name
  if (!makesUsers) throw forbidden(`There is no user ${user.text}, and the server is started with --no-exchange-users.`)
  await db.transaction(async tx => {
    const appInstance = await appInstanceByArn(tx, appInstanceArn)
    if (!appInstance) throw forbidden(`There is no app instance ${appInstanceArn}: --exchange-app-instance must name one.`)
    await addUser(tx, { limits, now }, appInstance, { id, name })
  })
  return name
}

/** The credentials of the role for a login. */
async function credentialsOf(wiring: Wiring, claims: Claims, userId: string) {
  const role = trustingIamRole(wiring.ring.iamRole(wiring.role), claims)
  const seconds = Math.min(3600, role.longestSeconds)
  // The id in the form of a session name, unique for each user.
  const name = userId.length < 2 ? `${userId}-` : userId.replaceAll(':', '=')
  // Amazon's example of a policy uses the tag UserUUID.
  const tagged = role.tags.includes('UserUUID') ? { ...claims, UserUUID: userId } : claims
  return credentialsOfLogin(wiring, { role, claims: tagged, userId, name, policy: undefined, seconds })
}

const headersFor = ({ requestId, headers }: Received) => ({ ...commonHeaders(requestId), ...headersWithCookies(headers.origin) })

/**
 * POST /creds, as Amazon's chat demo expects it (docs/service/clients.md#exchanging-a-login-for-credentials): exchanges a login for
 * temporary credentials of its AppInstanceUser.
 */
export function exchangeEndpoint(wiring: Wiring): Endpoint {
  const { ring, login, takeLogin, appInstanceArn } = wiring
  return {
    nameOf: () => 'POST /creds',
    takes: () => true,
    largestBody: () => largestUnsignedBody,
    async answer(received) {
      takeLogin(received.sourceAddress)
      const claims = await login(received.headers.authorization ?? '')
      const userId = userIdIn(claims, wiring.userClaim)
      // A hook may accept a login only once, so it is not called again.
      const { Credentials } = await upToDate(ring, async () => credentialsOf(wiring, claims, userId))
      const shown = await userOf(wiring, userId, nameOf(claims))
      const body = {
        ChimeAppInstanceUserArn: arnWithin(appInstanceArn, 'user', userId),
        ChimeUserId: userId,
        ChimeDisplayName: shown,
        ChimeCredentials: Credentials,
      }
      return { status: 200, headers: headersFor(received), body: JSON.stringify(body) }
    },
    refusal(error, received) {
      // If the token is not valid, this is not a login.
      const shown = error.status === 400 ? unauthorizedLogin(error.reason ?? error.message) : error
      const { headers, body } = renderError(shown, received.requestId)
      return { status: shown.status, headers: { ...headers, ...headersFor(received) }, body }
    },
  }
}
