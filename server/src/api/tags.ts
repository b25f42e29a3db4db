import type { Call, Handlers } from './call.ts'
import { failure, forbidden } from '../errors.ts'
import { checkedTags } from '../domain/tags.ts'
import type { Queries } from '../database/database.ts'
import { lockResource, putTags, removeTags, taggedResource, tagsOf } from '../store/tags.ts'
import { named } from './named.ts'

/** The most tags of a resource (docs/service/limits.md#counts). */
const mostTags = 50

const missing = (text: string) => forbidden(`${text} does not exist, or cannot be tagged.`)

async function requireResource(call: Call, db: Queries = call.db) {
  const arn = named(call, 'ResourceARN')
  const resource = await taggedResource(db, arn)
  if (!resource) throw missing(arn.text)
  return resource
}

export const tags: Handlers<'TagResource' | 'UntagResource' | 'ListTagsForResource'> = {
  async TagResource({ ResourceARN, Tags }, call) {
    const given = checkedTags(Tags)
    await call.db.transaction(async tx => {
      const resource = await requireResource(call, tx)
      if (!(await lockResource(tx, resource))) throw missing(ResourceARN)
      await putTags(tx, resource, given)
      const present = (await tagsOf(tx, resource)).length
      if (present <= mostTags) return
      throw failure(
        'ResourceLimitExceededException',
        'The resource has too many tags',
        `It would have ${present}; at most ${mostTags} are allowed.`,
      )
    })
  },

  async UntagResource({ TagKeys }, call) {
    await call.db.transaction(async tx => removeTags(tx, await requireResource(call, tx), TagKeys))
  },

  async ListTagsForResource(_, call) {
    const tags = await tagsOf(call.db, await requireResource(call))
    return { Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })) }
  },
}
