import type { MasterKey } from '../settings/master-keys.ts'

/** The longest life of temporary credentials (GetSessionToken, GetFederationToken), in seconds, and so of a retired master key. */
export const longestCredentials = 129_600

/** What temporary credentials stand for. */
export interface TemporaryCredentials {
  readonly kind: 'role' | 'federated-user' | 'session'
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** In epoch milliseconds, as are all times. */
  readonly issuedAt: number
  readonly expiresAt: number
  /** The long-lived key that they come from; undefined for a login with a JSON Web Token. */
  readonly sourceKeyId: string | undefined
  /** The ids of the assumed roles, in order: the policy of the last one applies. */
  readonly iamRoleIds: readonly string[]
  /** The role session name, or the name of the federated user. */
  readonly name: string
  readonly tags: readonly (readonly [key: string, value: string])[]
  /** The keys of the tags that the next role in a chain inherits. */
  readonly transitive: readonly string[]
  /** The session policy, in IAM's JSON. */
  readonly policy: string | undefined
  /** The AppInstanceUserId of the login that it comes from; undefined without a login. */
  readonly subject: string | undefined
}

/** The longest session token: it has to fit beside the other headers of a request, and into the URL of a socket. */
export const longestSessionToken = 4096

const version = 2
const idBytes = 8
const headBytes = 1 + idBytes

/** The credentials in the order in which a token stores them. */
type Packed = [
  kind: TemporaryCredentials['kind'],
  secretAccessKey: string,
  issuedAt: number,
  expiresAt: number,
  sourceKeyId: string | null,
  iamRoleIds: readonly string[],
  name: string,
  tags: TemporaryCredentials['tags'],
  transitive: readonly string[],
  policy: string | null,
  subject: string | null,
]

const bindingOf = (masterKeyId: string, accessKeyId: string) => `session ${version} ${masterKeyId} ${accessKeyId}`

/**
 * Returns the session token of temporary credentials. It has everything that a node needs to verify them, encrypted and authenticated
 * together with their access key id. So every node with the master key verifies it without a look-up, and nobody else can read or change
 * it.
 */
export function sealSessionToken(masterKey: MasterKey, credentials: TemporaryCredentials): string {
  const packed: Packed = [
    credentials.kind,
    credentials.secretAccessKey,
    credentials.issuedAt,
    credentials.expiresAt,
    credentials.sourceKeyId ?? null,
    credentials.iamRoleIds,
    credentials.name,
    credentials.tags,
    credentials.transitive,
    credentials.policy ?? null,
    credentials.subject ?? null,
  ]
  const head = Buffer.concat([Buffer.of(version), Buffer.from(masterKey.id, 'hex')])
  const sealed = masterKey.sessionTokens.seal(bindingOf(masterKey.id, credentials.accessKeyId), JSON.stringify(packed))
  return Buffer.concat([head, sealed]).toString('base64')
}

/** The session in a token of these master keys, for that access key id; undefined for every other text. */
export function openSessionToken(
  masterKeys: ReadonlyMap<string, MasterKey>,
  accessKeyId: string,
  token: string,
): { credentials: TemporaryCredentials; masterKeyId: string } | undefined {
  if (token.length > longestSessionToken) return undefined
  const bytes = Buffer.from(token, 'base64')
  if (bytes.length <= headBytes || bytes[0] !== version || bytes.toString('base64') !== token) return undefined
  const masterKey = masterKeys.get(bytes.toString('hex', 1, headBytes))
  const text = masterKey?.sessionTokens.open(bindingOf(masterKey.id, accessKeyId), bytes.subarray(headBytes))
  if (text === undefined) return undefined
  const [kind, secretAccessKey, issuedAt, expiresAt, sourceKeyId, iamRoleIds, name, tags, transitive, policy, subject] = JSON.parse(
    text,
  ) as Packed
  const whole = { kind, accessKeyId, secretAccessKey, issuedAt, expiresAt, iamRoleIds, name, tags, transitive }
  const credentials = { ...whole, sourceKeyId: sourceKeyId ?? undefined, policy: policy ?? undefined, subject: subject ?? undefined }
  return { credentials, masterKeyId: masterKey!.id }
}
