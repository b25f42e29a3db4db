import type { Arn } from '../arn.ts'
import { badRequest, forbidden, limitExceeded } from '../errors.ts'
import { emit } from '../events/emit.ts'
import type { Queries, Transaction } from '../database/database.ts'
import { lockResource, putTags, removeTags, taggedResource, tagsOf, type Tag, type TaggedResource } from '../store/tags.ts'

export interface GivenTag {
  readonly Key: string
  readonly Value: string
}

/** The most tags of a resource (docs/service/limits.md#counts). */
const mostTags = 50

/** The tags of an input. Throws BadRequestException for a key that occurs twice or that Amazon reserves. */
function checkedTags(given: readonly GivenTag[] | undefined): Tag[] {
  const tags = new Map<string, Tag>()
  for (const { Key: key, Value: value } of given ?? []) {
    if (/^aws:/i.test(key)) throw badRequest('Tag keys that start with aws: are reserved', 'Choose another prefix for the tag key.')
    if (tags.has(key)) throw badRequest('Duplicate tag keys found', 'Give each tag key once.')
    tags.set(key, { key, value })
  }
  return [...tags.values()]
}

/** Tags a new resource. */
export async function tagNew(tx: Queries, resource: TaggedResource, given: readonly GivenTag[] | undefined) {
  await putTags(tx, resource, checkedTags(given))
}

const missing = ({ text }: Arn) => forbidden(`${text} does not exist, or cannot be tagged.`)

/** The resource of the ARN. Throws ForbiddenException if it does not exist. */
export async function requireResource(db: Queries, arn: Arn): Promise<TaggedResource> {
  const resource = await taggedResource(db, arn)
  if (!resource) throw missing(arn)
  return resource
}

/** Adds tags. An existing key gets the new value. */
export async function tag(tx: Transaction, arn: Arn, given: readonly GivenTag[]) {
  const tags = checkedTags(given)
  const resource = await requireResource(tx, arn)
  if (!(await lockResource(tx, resource))) throw missing(arn)
  await putTags(tx, resource, tags)
  const present = (await tagsOf(tx, resource)).length
  if (present > mostTags)
    throw limitExceeded('The resource has too many tags', `It would have ${present}; at most ${mostTags} are allowed.`)
  await emit(tx, { kind: 'ResourceTagged', resource })
}

/** Removes the tags of those keys; unknown ones are ignored. */
export async function untag(tx: Transaction, arn: Arn, keys: readonly string[]) {
  const resource = await requireResource(tx, arn)
  await removeTags(tx, resource, keys)
  await emit(tx, { kind: 'ResourceUntagged', resource })
}
