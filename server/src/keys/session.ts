import type { MasterKey } from '../settings/master-keys.ts'

/** What temporary credentials are good for. */
export interface Session {
  readonly kind: 'role' | 'federated-user' | 'session'
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** In epoch milliseconds, as are all times. */
  readonly issuedAt: number
  readonly expiresAt: number
  /** The lasting key that they come from; undefined where a JSON Web Token was shown instead. */
  readonly sourceKeyId: string | undefined
  /** The ids of the roles that were assumed one after another: the last one is whose policy holds. */
  readonly roleIds: readonly string[]
  /** The role session name, or the name of the federated user. */
  readonly name: string
  readonly tags: readonly (readonly [key: string, value: string])[]
  /** The keys of those tags that the next role of a chain gets too. */
  readonly transitive: readonly string[]
  /** What the session may at the most, in IAM's JSON. */
  readonly policy: string | undefined
  /** The AppInstanceUserId of the login that it comes from; undefined where nobody has logged in. */
  readonly subject: string | undefined
}

/** What fits beside the other headers of a request, and into the URL of a socket. */
export const longestToken = 4096

const version = 2
const idBytes = 8
const headBytes = 1 + idBytes

/** In the order in which a token holds them. */
type Packed = [
  kind: Session['kind'],
  secretAccessKey: string,
  issuedAt: number,
  expiresAt: number,
  sourceKeyId: string | null,
  roleIds: readonly string[],
  name: string,
  tags: Session['tags'],
  transitive: readonly string[],
  policy: string | null,
  subject: string | null,
]

const bindingOf = (masterKeyId: string, accessKeyId: string) => `session ${version} ${masterKeyId} ${accessKeyId}`

/**
 * The session token of temporary credentials: all that a node must know of them, encrypted and authenticated together with their
 * access key id, so that every node that has the master key verifies it without a look-up, and nobody else reads or changes it.
 */
export function sealSession(masterKey: MasterKey, session: Session): string {
  const packed: Packed = [
    session.kind,
    session.secretAccessKey,
    session.issuedAt,
    session.expiresAt,
    session.sourceKeyId ?? null,
    session.roleIds,
    session.name,
    session.tags,
    session.transitive,
    session.policy ?? null,
    session.subject ?? null,
  ]
  const head = Buffer.concat([Buffer.of(version), Buffer.from(masterKey.id, 'hex')])
  const sealed = masterKey.sessions.seal(bindingOf(masterKey.id, session.accessKeyId), JSON.stringify(packed))
  return Buffer.concat([head, sealed]).toString('base64')
}

/** What a token of these master keys, by id, says of that access key id; undefined for every other text. */
export function openSession(
  masterKeys: ReadonlyMap<string, MasterKey>,
  accessKeyId: string,
  token: string,
): { session: Session; masterKeyId: string } | undefined {
  if (token.length > longestToken) return undefined
  const bytes = Buffer.from(token, 'base64')
  if (bytes.length <= headBytes || bytes[0] !== version || bytes.toString('base64') !== token) return undefined
  const masterKey = masterKeys.get(bytes.toString('hex', 1, headBytes))
  const text = masterKey?.sessions.open(bindingOf(masterKey.id, accessKeyId), bytes.subarray(headBytes))
  if (text === undefined) return undefined
  const [kind, secretAccessKey, issuedAt, expiresAt, sourceKeyId, roleIds, name, tags, transitive, policy, subject] = JSON.parse(
    text,
  ) as Packed
  const whole = { kind, accessKeyId, secretAccessKey, issuedAt, expiresAt, roleIds, name, tags, transitive }
  const session = { ...whole, sourceKeyId: sourceKeyId ?? undefined, policy: policy ?? undefined, subject: subject ?? undefined }
  return { session, masterKeyId: masterKey!.id }
}
