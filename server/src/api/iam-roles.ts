import { parseStrictJson } from '../auth/iam/json.ts'
import { badRequest, failure } from '../errors.ts'
import { changeIamRole, createIamRole, removeIamRole, requireIamRole, usualRoleSession, type GivenIamRole } from '../keys/iam-roles.ts'
import { iamRoleArn } from '../keys/principals.ts'
import { listIamRoles, type StoredIamRole, type Trust } from '../store/iam-roles.ts'
import type { Input } from '../contract/index.ts'
import type { Environment, Handlers } from './call.ts'
import { givenPolicy, requirePolicy } from './given-policy.ts'
import { paged } from './paging.ts'

type GivenTrust = NonNullable<Input<'UpdateIamRole'>['OidcTrust']>

function conditionIn(text: string): object {
  try {
    return parseStrictJson(text) as object
  } catch (error) {
    throw failure('BadRequestException', 'The condition on claims cannot be used', (error as Error).message, error)
  }
}

/** The issuer whose tokens the role trusts: by default that of --oidc-issuer. Undefined if the input has no OidcTrust. */
function oidcOf({ Issuer, Audiences = [], ClaimCondition }: GivenTrust, oidcIssuer: string | undefined): Trust['oidc'] {
  if (Issuer === undefined && Audiences.length === 0 && ClaimCondition === undefined) return undefined
  const issuer = Issuer ?? oidcIssuer
  if (issuer === undefined)
    throw badRequest('The issuer of the tokens is missing', 'Name it in OidcTrust as Issuer: the server has no --oidc-issuer.')
  return { issuer, audiences: Audiences, condition: ClaimCondition === undefined ? undefined : conditionIn(ClaimCondition) }
}

/** The role after the change: members of the input replace those of the stored role. */
function changed(input: Omit<Input<'UpdateIamRole'>, 'RoleName'>, before: GivenIamRole, oidcIssuer: string | undefined): GivenIamRole {
  const { TrustedPrincipals, OidcTrust, ExternalId, SessionTagKeys, MaxSessionSeconds } = input
  const { principals, oidc, externalId } = before.trust
  return {
    policy: givenPolicy(input) ?? before.policy,
    trust: {
      principals: TrustedPrincipals ?? principals,
      oidc: OidcTrust === undefined ? oidc : oidcOf(OidcTrust, oidcIssuer),
      externalId: ExternalId === undefined ? externalId : ExternalId || undefined,
    },
    tags: SessionTagKeys ?? before.tags,
    longestSeconds: MaxSessionSeconds ?? before.longestSeconds,
  }
}

const summaryOf = ({ name, createdAt, updatedAt }: StoredIamRole, { account }: Pick<Environment, 'account'>) => ({
  RoleName: name,
  RoleArn: iamRoleArn(account, name),
  CreatedTimestamp: createdAt,
  LastUpdatedTimestamp: updatedAt,
})

export const iamRoles = {
  async CreateIamRole({ RoleName, ...input }, { db, keyRing, account, oidcIssuer, now }) {
    const none: Trust = { principals: [], oidc: undefined, externalId: undefined }
    const before = { policy: requirePolicy(input), trust: none, tags: [], longestSeconds: usualRoleSession }
    await createIamRole(db, RoleName, changed(input, before, oidcIssuer), now())
    await keyRing.refresh()
    return { RoleArn: iamRoleArn(account, RoleName) }
  },

  async ListIamRoles(input, call) {
    const { items, NextToken } = await paged(call, input, [], (after, limit) => listIamRoles(call.db, after, limit))
    return { IamRoles: items.map(each => summaryOf(each, call)), NextToken }
  },

  async DescribeIamRole({ RoleName }, call) {
    const role = await requireIamRole(call.db, RoleName)
    const { principals, oidc, externalId } = role.trust
    const IamRole = {
      ...summaryOf(role, call),
      RoleId: role.id,
      Policy: role.policy,
      TrustedPrincipals: principals,
      OidcTrust: oidc && {
        Issuer: oidc.issuer,
        Audiences: oidc.audiences,
        ClaimCondition: oidc.condition && JSON.stringify(oidc.condition),
      },
      ExternalId: externalId,
      SessionTagKeys: role.tags,
      MaxSessionSeconds: role.longestSeconds,
    }
    return { IamRole }
  },

  async UpdateIamRole({ RoleName, ...input }, { db, keyRing, account, oidcIssuer, now }) {
    await changeIamRole(db, RoleName, role => changed(input, role, oidcIssuer), now())
    await keyRing.refresh()
    return { RoleArn: iamRoleArn(account, RoleName) }
  },

  async DeleteIamRole({ RoleName }, { db, keyRing }) {
    await removeIamRole(db, RoleName)
    await keyRing.refresh()
  },
} satisfies Partial<Handlers>
