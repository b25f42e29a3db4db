import { randomBytes } from 'node:crypto'
import { parsePolicy } from '../../src/auth/iam/policy.ts'
import type { Principal } from '../../src/auth/principal.ts'
import type { AccessKey, FindKey } from '../../src/auth/signature/signing-key.ts'
import { clientsOf, type World } from './world.ts'

/** A statement as a test writes it. */
export interface Written {
  readonly Effect?: 'Allow' | 'Deny'
  readonly Action?: string | readonly string[]
  readonly NotAction?: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly NotResource?: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | boolean | readonly string[]>>>>
}

/** The JSON of a policy; statements allow unless they say otherwise. */
const policyText = (statements: readonly Written[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements.map(written => ({ Effect: 'Allow', ...written })) })

interface Kept {
  /** The policies of the key in the first group, those of the session in the second. */
  readonly groups: readonly (readonly Written[])[]
  readonly tags?: Readonly<Record<string, string>>
  readonly arn?: string
  /** The id of a key that this one replaces. */
  readonly accessKeyId?: string
}

const newId = () => `AKIA${randomBytes(8).toString('hex').toUpperCase()}`

/** Keys with permissions, which a world gets as its `keys`. */
export function keyRing() {
  const keys = new Map<string, AccessKey>()
  const find: FindKey = id => keys.get(id)
  return {
    find,
    /** A key that is allowed what its policies allow. */
    keep({ groups, tags = {}, arn = 'arn:aws:iam::000000000000:user/tester', accessKeyId = newId() }: Kept): AccessKey {
      const permissions: Principal['permissions'] = groups.map(group => [parsePolicy(policyText(group))])
      const principal: Principal = { arn, userId: 'AIDATESTER', tags: new Map(Object.entries(tags)), permissions }
      const key = { accessKeyId, secretAccessKey: 'secret', principal }
      keys.set(key.accessKeyId, key)
      return key
    },
  }
}

/** The stock clients with a key. */
export const clientsWith = (world: World, { accessKeyId, secretAccessKey }: AccessKey) =>
  clientsOf(world.app, { accessKeyId, secretAccessKey })
