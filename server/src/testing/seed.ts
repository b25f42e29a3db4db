import { testing } from '../contract/carillon/testing.ts'
import type { Shape } from '../contract/shapes.ts'
import type { Static } from 'typebox'
import { ApiError } from '../errors.ts'
import { codecOf, type Codec } from '../http/codec.ts'
import { isObject } from '../tools/json.ts'

/** An app instance with what is in it. */
export type Seed = Static<typeof testing.SeedAppInstance.input>

/** What is wrong with a seed, and at which path. */
export class SeedFault extends Error {}

const { input: shape } = testing.SeedAppInstance
let codec: Codec | undefined

/** The path of the first unknown member, and the names of the known ones there. */
function strangerIn(value: unknown, { properties, items }: Shape, path = ''): string | undefined {
  if (items && Array.isArray(value))
    return value.map((item, index) => strangerIn(item, items, `${path}[${index}]`)).find(found => found !== undefined)
  if (!properties || !isObject(value)) return undefined
  for (const [name, inner] of Object.entries(value)) {
    const at = path === '' ? name : `${path}.${name}`
    if (!Object.hasOwn(properties, name)) return `${at} is not a member of a seed; its members are ${Object.keys(properties).join(', ')}.`
    const found = strangerIn(inner, properties[name]!, at)
    if (found !== undefined) return found
  }
  return undefined
}

/** Throws unless every user that is named is declared, and no id occurs twice. */
function faultIn({ Users = [], Admins = [], Channels = [] }: Seed): string | undefined {
  const users = new Set<string>()
  for (const [index, { Id }] of Users.entries()) {
    if (users.has(Id)) return `Users[${index}].Id: there are two users '${Id}'.`
    users.add(Id)
  }
  const unknown = (ids: readonly string[], path: string) => {
    const index = ids.findIndex(id => !users.has(id))
    return index === -1 ? undefined : `${path}[${index}]: Users has no '${ids[index]}'.`
  }
  const channels = new Set<string>()
  for (const [index, { Id, Moderators, Members = [], Messages = [], ReadBy = [] }] of Channels.entries()) {
    const path = `Channels[${index}]`
    if (channels.has(Id)) return `${path}.Id: there are two channels '${Id}'.`
    channels.add(Id)
    const members = new Set([...Moderators.slice(0, 1), ...Members])
    const stranger = Messages.findIndex(({ Sender }) => !members.has(Sender))
    const reader = ReadBy.findIndex(id => !members.has(id))
    const found =
      unknown(Moderators, `${path}.Moderators`) ??
      unknown(Members, `${path}.Members`) ??
      (stranger === -1 ? undefined : `${path}.Messages[${stranger}].Sender: '${Messages[stranger]!.Sender}' is not among the Members.`) ??
      (reader === -1 ? undefined : `${path}.ReadBy[${reader}]: '${ReadBy[reader]}' is not among the Members.`)
    if (found !== undefined) return found
  }
  return unknown(Admins, 'Admins')
}

/** Throws a SeedFault that says what is wrong and where. */
export function checkedSeed(given: unknown): Seed {
  if (!isObject(given)) throw new SeedFault('A seed is an object: an app instance with Id, Users and Channels.')
  const stranger = strangerIn(given, shape)
  if (stranger !== undefined) throw new SeedFault(stranger)
  let seed: Seed
  try {
    codec ??= codecOf(testing.SeedAppInstance)
    seed = codec.decode({ params: {}, query: '', bearer: undefined, body: Buffer.from(JSON.stringify(given)) }) as Seed
  } catch (error) {
    throw error instanceof ApiError ? new SeedFault(error.message, { cause: error }) : error
  }
  const fault = faultIn(seed)
  if (fault !== undefined) throw new SeedFault(fault)
  return seed
}
