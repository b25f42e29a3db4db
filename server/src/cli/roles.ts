import type { Command } from 'commander'
import { parseStrictJson } from '../auth/iam/json.ts'
import { iamRoleArn } from '../keys/principals.ts'
import { changeIamRole, createIamRole, removeIamRole, requireIamRole, usualRoleSession, type GivenIamRole } from '../keys/iam-roles.ts'
import { iamRoles, type StoredIamRole, type Trust } from '../store/iam-roles.ts'
import { policyOf, requirePolicy, type PolicyFlags } from './policy-file.ts'
import { addSettings } from './settings.ts'
import { columns, withDatabase } from './with-database.ts'

interface RoleFlags extends PolicyFlags {
  readonly trust?: readonly string[]
  readonly issuer?: string
  readonly audience?: readonly string[]
  readonly condition?: string
  readonly externalId?: string
  readonly tags?: readonly string[]
  readonly maxSeconds?: string
}

const noTrust: Trust = { principals: [], oidc: undefined, externalId: undefined }

/** The issuer whose tokens the role trusts, if an audience is given: by default that of --oidc-issuer. */
function oidcOf({ issuer, audience, condition }: RoleFlags, oidcIssuer: string | undefined, before: Trust): Trust['oidc'] {
  if (issuer === undefined && audience === undefined && condition === undefined) return before.oidc
  const audiences = audience ?? before.oidc?.audiences ?? []
  if (audience?.length === 0 && issuer === undefined) return undefined
  const named = issuer ?? before.oidc?.issuer ?? oidcIssuer
  if (named === undefined) throw new Error('Name the issuer of the tokens: --issuer URL, or the setting --oidc-issuer.')
  return { issuer: named, audiences, condition: condition === undefined ? before.oidc?.condition : conditionIn(condition) }
}

/** The condition on claims; undefined for an empty text, which removes it. */
function conditionIn(text: string): object | undefined {
  if (text === '') return undefined
  try {
    return parseStrictJson(text) as object
  } catch (error) {
    throw new Error(`--condition cannot be used: ${(error as Error).message}`, { cause: error })
  }
}

/** The role after the change: flags that are given replace its values. */
function given(flags: RoleFlags, oidcIssuer: string | undefined, before: GivenIamRole): GivenIamRole {
  return {
    policy: before.policy,
    trust: {
      principals: flags.trust ?? before.trust.principals,
      oidc: oidcOf(flags, oidcIssuer, before.trust),
      externalId: flags.externalId === undefined ? before.trust.externalId : flags.externalId || undefined,
    },
    tags: flags.tags ?? before.tags,
    longestSeconds: flags.maxSeconds === undefined ? before.longestSeconds : Number(flags.maxSeconds),
  }
}

async function create(name: string, flags: RoleFlags) {
  const policy = await requirePolicy(flags)
  await withDatabase(flags, async (db, { account, oidcIssuer }) => {
    const role = given(flags, oidcIssuer, { policy, trust: noTrust, tags: [], longestSeconds: usualRoleSession })
    await createIamRole(db, name, role, Date.now())
    process.stdout.write(`${iamRoleArn(account, name)}\n`)
  })
}

async function update(name: string, flags: RoleFlags) {
  const policy = await policyOf(flags)
  await withDatabase(flags, async (db, { account, oidcIssuer }) => {
    const change = (role: StoredIamRole) => given(flags, oidcIssuer, { ...role, policy: policy ?? role.policy })
    await changeIamRole(db, name, change, Date.now())
    process.stdout.write(`${iamRoleArn(account, name)}\n`)
  })
}

async function list(flags: object) {
  await withDatabase(flags, async (db, { account }) => {
    const rows = (await iamRoles(db)).map(({ name, updatedAt }) => [name, iamRoleArn(account, name), updatedAt.toISOString()])
    process.stdout.write(columns([['NAME', 'ARN', 'UPDATED'], ...rows]))
  })
}

async function show(name: string, flags: object) {
  await withDatabase(flags, async (db, { account }) => {
    const { id, policy, trust, tags, longestSeconds, createdAt } = await requireIamRole(db, name)
    const shown = {
      RoleName: name,
      RoleId: id,
      Arn: iamRoleArn(account, name),
      CreateDate: createdAt,
      MaxSessionDuration: longestSeconds,
      Trust: trust,
      SessionTags: tags,
      Policy: JSON.parse(policy) as unknown,
    }
    process.stdout.write(`${JSON.stringify(shown, undefined, 2)}\n`)
  })
}

async function remove(name: string, flags: object) {
  await withDatabase(flags, async db => {
    await removeIamRole(db, name)
    process.stdout.write(`The role ${name} is deleted, and its sessions have ended\n`)
  })
}

/** Values separated by commas; an empty text means none. */
const several = (text: string, before: readonly string[] = []) => [
  ...before,
  ...text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== ''),
]

const addRoleFlags = (command: Command) =>
  addSettings(
    command
      .option('--policy <file>', "a file with the policy of its sessions, in IAM's JSON")
      .option('--user <arn>', "instead of a policy: let sessions act as this user, such as '…/user/${aws:PrincipalTag/sub}'")
      .option('--trust <principals>', 'who may assume the role beside the root key: access key ids and ARNs, separated by commas', several)
      .option('--issuer <url>', 'the issuer whose JSON Web Tokens may assume the role (default: that of --oidc-issuer)')
      .option('--audience <names>', 'the audiences that these tokens may have, separated by commas', several)
      .option(
        '--condition <json>',
        "what the claims of these tokens must fulfil: a Condition in IAM's JSON, with keys such as login.example.com:sub",
      )
      .option('--external-id <text>', 'the ExternalId that AssumeRole must give')
      .option('--tags <keys>', 'the session tags, or claims of tokens, that a session may have, separated by commas; * for all', several)
      .option('--max-seconds <number>', `the longest session in seconds, at most 43200 (default for a new role: ${usualRoleSession})`),
    ['account', 'oidcIssuer'],
  )

/** Adds `carillon roles …`. */
export function addRoles(program: Command) {
  const roles = program
    .command('roles')
    .description('manage the roles whose temporary credentials AssumeRole and AssumeRoleWithWebIdentity give')
  addRoleFlags(roles.command('create <name>').description('make a role')).action(create)
  addRoleFlags(roles.command('update <name>').description('change the values of the given flags, and leave the others')).action(update)
  addSettings(roles.command('list').description('list the roles'), ['account']).action(list)
  addSettings(roles.command('show <name>').description('show a role'), ['account']).action(show)
  addSettings(roles.command('delete <name>').description('delete a role, which ends its sessions')).action(remove)
}
