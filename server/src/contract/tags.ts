import { ChimeArn, TagKey, TagList } from './common.ts'
import { operation } from './operation.ts'
import { Required, list } from './shapes.ts'

export const tags = {
  TagResource: operation('POST /tags?operation=tag-resource', 204, { ResourceARN: Required(ChimeArn), Tags: Required(TagList) }, {}, [
    'ResourceLimitExceededException',
  ]),
  UntagResource: operation(
    'POST /tags?operation=untag-resource',
    204,
    { ResourceARN: Required(ChimeArn), TagKeys: Required(list(TagKey, { minItems: 1, maxItems: 50 })) },
    {},
  ),
  ListTagsForResource: operation('GET /tags', 200, { ResourceARN: Required(ChimeArn) }, { Tags: TagList }),
}
