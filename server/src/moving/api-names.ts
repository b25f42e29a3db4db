import { createHash } from 'node:crypto'
import { parseArn } from '../arn.ts'
import { messageId, partsOfId } from '../store/message-ids.ts'
import type { LineOf } from './lines.ts'

/** A user or bot in an answer of the API. */
export type Person = { readonly Arn?: string; readonly Name?: string }

export const millisecondsOf = (time: Date | undefined, otherwise: number) => time?.getTime() ?? otherwise

/** The name of a user or bot in the lines, such as `user/alice`, from its ARN. */
export function refOf(arn: string | undefined): string {
  const { kind, id } = parseArn(arn ?? '') ?? {}
  if (kind === undefined || id === undefined) throw new Error(`The answer has ${arn}, which is not an ARN of this service.`)
  return `${kind}/${id}`
}

export const idOf = (arn: string | undefined) => refOf(arn).split('/')[1]!

/** When something was created and changed. */
export function timesOf(of: { readonly CreatedTimestamp?: Date; readonly LastUpdatedTimestamp?: Date }) {
  const createdAt = millisecondsOf(of.CreatedTimestamp, 0)
  return { createdAt, updatedAt: millisecondsOf(of.LastUpdatedTimestamp, createdAt) }
}

/** A line for a deleted user or bot, unless an earlier line has it. */
export function goneUnlessKnown(person: Person | undefined, startedAt: number): LineOf<'identity'>[] {
  if (person?.Arn === undefined) return []
  const [kind, id] = refOf(person.Arn).split('/') as ['user' | 'bot', string]
  const times = { createdAt: 0, updatedAt: 0, deletedAt: startedAt }
  return [{ type: 'identity', ref: `${kind}/${id}`, kind, id, name: person.Name ?? '', ...times, ifUnknown: true }]
}

/**
 * The id of a message here contains its key (docs/decisions/0002). One from a Carillon stays; another one gets an id of its time and its
 * number in the channel, with random digits that follow from its old id, which is stored in the line.
 */
export function newIdOf(id: string, createdAt: number, number: number): { readonly id: string; readonly idAtOrigin?: string } {
  if (partsOfId(id)?.at === createdAt) return { id }
  return {
    id: messageId({ at: createdAt, sequence: number, nonce: createHash('sha256').update(id).digest('hex').slice(0, 40) }),
    idAtOrigin: id,
  }
}
