import { createKeyCheck, createVerifier } from '../auth/signature/sigv4.ts'
import type { FindKey } from '../auth/signature/signing-key.ts'
import type { Database } from '../database/database.ts'
import { firstOf, type Endpoint } from '../http/endpoint.ts'
import type { RateLimiting } from '../rates/operation-rates.ts'
import type { Config } from '../settings/config.ts'
import { sharedKey } from '../store/shared-values.ts'
import { cognitoEndpoint } from './cognito.ts'
import type { Tools } from './credentials.ts'
import { stsEndpoint } from './endpoint.ts'
import { exchangeEndpoint } from './exchange.ts'
import { hookLogin } from './hook.ts'
import { IdentityIds } from './identity-id.ts'
import { createIssuer } from './issuer.ts'
import { loginRate } from './login-rate.ts'
import { issuerLogin } from './login.ts'

interface Given extends Tools {
  readonly db: Database
  readonly findKey: FindKey
  /** The clock by which signatures are checked. */
  readonly signatureNow: () => number
  readonly rateLimiting: RateLimiting | undefined
}

/** The endpoints that give temporary credentials, with their paths: STS and Cognito, and the exchange of a login if one is configured. */
export async function credentialEndpoints(config: Config, { db, findKey, signatureNow, rateLimiting, ...issuing }: Given) {
  const { oidcIssuer, oidcAudience, oidcJwks: jwks, identityPool } = config
  const { ring, now } = issuing
  const issuer = oidcIssuer && oidcAudience ? createIssuer(oidcIssuer, oidcAudience, jwks, now) : undefined
  const takeLogin = loginRate(rateLimiting)
  const pool = identityPool !== undefined && {
    ...issuing,
    issuer,
    takeLogin,
    id: identityPool,
    ids: new IdentityIds(identityPool, await sharedKey(db, 'guest-identity-key')),
    role: config.identityPoolRole,
    guestIamRole: config.identityPoolGuestRole,
  }
  const signed = { findKey, service: 'sts' as const }
  const verify = createVerifier({ ...signed, now: signatureNow })
  const sts = stsEndpoint({ ...issuing, issuer, takeLogin, verify, checkKey: createKeyCheck(signed, ring) })
  const endpoints = new Map<string, Endpoint>([['/', firstOf([cognitoEndpoint(pool || undefined), sts])]])

  const { exchangeHook, exchangeRole: role, exchangeAppInstance: appInstanceArn, exchangeUsers: makesUsers } = config
  const login = exchangeHook === undefined ? issuer && issuerLogin(issuer) : hookLogin(exchangeHook)
  if (login && role !== undefined && appInstanceArn !== undefined)
    endpoints.set('/creds', exchangeEndpoint({ ...issuing, role, appInstanceArn, makesUsers, db, limits: config.limits, login, takeLogin }))
  return endpoints
}
