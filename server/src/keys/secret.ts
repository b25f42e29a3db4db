import type { MasterKey } from '../settings/master-keys.ts'
import type { StoredAccessKey } from '../store/access-keys.ts'

const bindingOf = (accessKeyId: string) => `access key ${accessKeyId}`

/** Encrypts a secret under a master key, for that access key id only. */
export const sealSecret = (masterKey: MasterKey, accessKeyId: string, secret: string) =>
  masterKey.secrets.seal(bindingOf(accessKeyId), secret).toString('base64')

/** Decrypts a secret; undefined if none of these master keys does. */
export function openSecret(own: readonly MasterKey[], { id, sealedSecret, masterKeyId }: StoredAccessKey): string | undefined {
  const masterKey = own.find(each => each.id === masterKeyId)
  return masterKey?.secrets.open(bindingOf(id), Buffer.from(sealedSecret, 'base64'))
}
