import { badRequest } from '../errors.ts'
import type { Queries } from '../database/database.ts'
import { putTags, type Tag, type TaggedResource } from '../store/tags.ts'

export interface GivenTag {
  readonly Key: string
  readonly Value: string
}

/** The tags of an input. Throws BadRequestException for a key that occurs twice or that Amazon reserves. */
export function checkedTags(given: readonly GivenTag[] | undefined): Tag[] {
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
