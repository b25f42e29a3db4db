import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RootKey } from '../settings/config.ts'
import { newId, newSecret } from '../tools/access-key-ids.ts'
import { makeFile, textOf } from './secret-file.ts'

function read(text: string, file: string): RootKey {
  const value = (name: string) => new RegExp(`^\\s*${name}\\s*=\\s*(\\S+)\\s*$`, 'm').exec(text)?.[1]
  const accessKeyId = value('aws_access_key_id')
  const secretAccessKey = value('aws_secret_access_key')
  if (!accessKeyId || !secretAccessKey)
    throw new Error(`${file} has no aws_access_key_id and aws_secret_access_key. Remove it, and the server creates a new root key.`)
  return { accessKeyId, secretAccessKey }
}

/**
 * The root key of a data folder: created at the first start and stored in `credentials`, in the format of AWS's shared credentials
 * file with the region, readable by its owner only. Of two processes that start at once, both use the key of the first.
 */
export async function storedRootKey(folder: string, region: string): Promise<{ key: RootKey; file: string }> {
  const file = join(folder, 'credentials')
  const stored = await textOf(file)
  if (stored !== undefined) return { key: read(stored, file), file }
  const text = `[default]\naws_access_key_id = ${newId('AKIA')}\naws_secret_access_key = ${newSecret()}\nregion = ${region}\n`
  await makeFile(file, text, 0o600)
  return { key: read(await readFile(file, 'utf8'), file), file }
}
