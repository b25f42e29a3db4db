import type { Handlers } from './call.ts'
import { requireResource, tag, untag } from '../domain/tags.ts'
import { tagsOf } from '../store/tags.ts'
import { named } from './named.ts'

export const tags = {
  async TagResource({ Tags }, call) {
    await call.db.transaction(tx => tag(tx, named(call, 'ResourceARN'), Tags))
  },

  async UntagResource({ TagKeys }, call) {
    await call.db.transaction(tx => untag(tx, named(call, 'ResourceARN'), TagKeys))
  },

  async ListTagsForResource(_, call) {
    const tags = await tagsOf(call.db, await requireResource(call.db, named(call, 'ResourceARN')))
    return { Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })) }
  },
} satisfies Partial<Handlers>
