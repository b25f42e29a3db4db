import { authorizationCode } from '../console/authorization-code.ts'
import type { Queries } from '../database/database.ts'
import type { Config } from '../settings/config.ts'
import { iamRoleOf } from '../store/iam-roles.ts'
import { messageOf } from '../tools/error-text.ts'
import { advice, fault, good, type Finding } from './finding.ts'
import { quoted } from './quoted.ts'

/** A role that the settings name, with the logins that it has to accept. */
interface Named {
  readonly flag: string
  readonly role: string
  /** Undefined for a role that is given without a login. */
  readonly logins?: { readonly issuer: string; readonly audiences: readonly string[] }
}

function namedIn(config: Config): readonly Named[] {
  const { consoleRole, consoleClient, exchangeRole, exchangeHook, identityPoolRole, identityPoolGuestRole, oidcIssuer } = config
  const ofUsers = { issuer: oidcIssuer ?? '', audiences: config.oidcAudience ?? [] }
  const named: Named[] = []
  if (consoleRole !== undefined && consoleClient !== undefined)
    named.push({ flag: '--console-role', role: consoleRole, logins: { issuer: ofUsers.issuer, audiences: [consoleClient] } })
  if (exchangeRole !== undefined) {
    const logins = exchangeHook === undefined ? ofUsers : { issuer: exchangeHook, audiences: ['exchange'] }
    named.push({ flag: '--exchange-role', role: exchangeRole, logins })
  }
  if (identityPoolRole !== undefined) named.push({ flag: '--identity-pool-role', role: identityPoolRole, logins: ofUsers })
  if (identityPoolGuestRole !== undefined) named.push({ flag: '--identity-pool-guest-role', role: identityPoolGuestRole })
  return named
}

async function ofRole(db: Queries, { flag, role: name, logins }: Named): Promise<Finding> {
  const role = await iamRoleOf(db, name)
  if (!role) {
    const trust = logins && ` --issuer ${quoted(logins.issuer)} --audience ${quoted(logins.audiences.join(','))}`
    return fault(
      `The role ${name} of ${flag} does not exist, so nobody gets its credentials`,
      `carillon roles create ${name}${trust ?? ''} …`,
    )
  }
  if (!logins) return good(`The role ${name} of ${flag} exists`)
  const { issuer, audiences } = logins
  const { oidc } = role.trust
  const update = `carillon roles update ${name} --issuer ${quoted(issuer)} --audience ${quoted(audiences.join(','))}`
  if (!oidc) return fault(`The role ${name} of ${flag} takes no logins, so nobody gets its credentials`, update)
  if (oidc.issuer !== issuer)
    return fault(`The role ${name} of ${flag} takes logins of ${oidc.issuer}, but they are those of ${issuer}`, update)
  if (!audiences.some(each => oidc.audiences.includes(each)))
    return fault(
      `The role ${name} of ${flag} takes logins for ${oidc.audiences.join(', ')}, but they are for ${audiences.join(', ')}`,
      update,
    )
  if (flag === '--console-role' && oidc.condition === undefined)
    return advice(
      `Everybody whom ${issuer} lets log in for ${audiences.join()} is an operator in the console`,
      `Say who is one by their claims: carillon roles update ${name} --condition …`,
    )
  return good(`The role ${name} of ${flag} takes logins of ${issuer}`)
}

/** The findings about the roles that the settings name for logins: whether they exist and accept those logins. */
export const loginFindings = async (config: Config, db: Queries): Promise<Finding[]> =>
  Promise.all(namedIn(config).map(async named => ofRole(db, named)))

/** The finding about the issuer at which operators log in: whether its configuration has the address of the login. */
export async function consoleFindings({ oidcIssuer: issuer, consoleClient: clientId, consoleClientSecret: secret }: Config) {
  if (issuer === undefined || clientId === undefined) return []
  try {
    return [good(`Operators log in at ${await authorizationCode({ issuer, clientId, secret }).authorizationEndpoint()}`)]
  } catch (error) {
    const { cause } = error as Error
    return [fault(`Operators cannot log in: ${issuer} does not say where`, messageOf(cause ?? error))]
  }
}
