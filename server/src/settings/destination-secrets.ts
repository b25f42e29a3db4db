import { readFile } from 'node:fs/promises'
import type { JsonObject } from '../tools/json.ts'

/**
 * The secret of an entry of --destinations. It is in the file that the member `NAMEFile` names, or in the environment variable that
 * `NAMEVariable` names, so it is neither in the file of --destinations nor on a command line. Throws an Error that never shows the secret.
 */
export async function destinationSecret(entry: JsonObject, name: string, whose: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const [file, variable] = [entry[`${name}File`], entry[`${name}Variable`]]
  if ((file === undefined) === (variable === undefined))
    throw new Error(`${whose} needs either ${name}File, a file with the secret, or ${name}Variable, the name of an environment variable`)
  if (typeof variable === 'string' && !/^[A-Za-z_]\w{0,99}$/.test(variable))
    throw new Error(`${name}Variable must be the name of an environment variable; its text is not shown, since it may be the secret`)
  if (typeof variable === 'string' && variable.startsWith('CARILLON_'))
    throw new Error(`${name}Variable must not begin with CARILLON_: a server refuses unknown variables of that kind`)
  let secret: string | undefined
  if (typeof file === 'string') {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new Error(`${name}File cannot be read: ${(error as Error).message}`, { cause: error })
    })
    secret = text.trim()
  } else if (typeof variable === 'string') secret = environment[variable]?.trim()
  if (!secret) throw new Error(`${secretSource(entry, name)} does not exist, or is empty`)
  return secret
}

/** The member of an entry that names the file or variable of a secret, for messages. */
export const secretSource = (entry: JsonObject, name: string) => {
  const member = `${name}${entry[`${name}File`] === undefined ? 'Variable' : 'File'}`
  return `${member} ${JSON.stringify(entry[member])}`
}
