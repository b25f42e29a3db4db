import { parseArn } from '../arn.ts'
import type { Handlers } from './call.ts'
import { failure, forbidden } from '../errors.ts'
import { checkedTags } from '../domain/tags.ts'
import type { Queries } from '../database/database.ts'
import { lockResource, putTags, removeTags, taggedResource, tagsOf } from '../store/tags.ts'

/** How many tags a resource may have (docs/service/limits.md#counts). */
const mostTags = 50

const missing = (text: string) => forbidden(`${text} does not exist, or cannot be tagged.`)

async function requireResource(db: Queries, text: string) {
  const arn = parseArn(text)
  const resource = arn && (await taggedResource(db, arn))
  if (!resource) throw missing(text)
  return resource
}

export const tags: Handlers<'TagResource' | 'UntagResource' | 'ListTagsForResource'> = {
  async TagResource({ ResourceARN, Tags }, { db }) {
    const given = checkedTags(Tags)
    await db.transaction(async tx => {
      const resource = await requireResource(tx, ResourceARN)
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

  async UntagResource({ ResourceARN, TagKeys }, { db }) {
    await db.transaction(async tx => removeTags(tx, await requireResource(tx, ResourceARN), TagKeys))
  },

  async ListTagsForResource({ ResourceARN }, { db }) {
    const tags = await tagsOf(db, await requireResource(db, ResourceARN))
    return { Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })) }
  },
}
