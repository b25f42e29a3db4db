import type { Call } from './call.ts'
import type { Cursor } from '../store/page.ts'

/** The most items of a page, which is also the default (docs/service/wire.md#paging). */
const largestPage = 50

/**
 * One page of a list. `about` identifies the list in addition to operation and bearer, so a NextToken is valid for this list only.
 * MaxResults is not part of it and may change from page to page.
 */
export async function paged<Items>(
  call: Call,
  input: { MaxResults?: number; NextToken?: string },
  about: readonly string[],
  load: (after: Cursor | undefined, limit: number) => Promise<{ items: Items; next: Cursor | undefined }>,
): Promise<{ items: Items; NextToken: string | undefined }> {
  const binding = [call.operation, call.facts?.caller.arn ?? '', ...about]
  const after = input.NextToken === undefined ? undefined : call.pageTokens.open(binding, input.NextToken)
  const { items, next } = await load(after, input.MaxResults ?? largestPage)
  return { items, NextToken: next && call.pageTokens.seal(binding, next) }
}
