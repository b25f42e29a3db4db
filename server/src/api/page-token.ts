import { badRequest } from '../errors.ts'
import type { Cursor } from '../store/page.ts'
import { sealerOf, type Sealer } from '../tools/sealer.ts'

/**
 * NextTokens: the cursor of a page, sealed together with what it is bound to, so that a token can't be read, forged, or used in
 * another listing. Base64url without padding.
 */
export class PageTokens {
  readonly #sealer: Sealer

  /** `key` has 32 bytes and is the same on all nodes. */
  constructor(key: Uint8Array) {
    this.#sealer = sealerOf(key)
  }

  /** `binding` names the listing: operation, bearer, whose list, filters. */
  seal(binding: readonly string[], cursor: Cursor): string {
    return this.#sealer.seal(JSON.stringify(binding), cursor.join(',')).toString('base64url')
  }

  /** The cursor of a token that was sealed with the same binding; a BadRequestException for every other text. */
  open(binding: readonly string[], token: string): Cursor {
    const bytes = Buffer.from(token, 'base64url')
    const cursor = bytes.toString('base64url') === token ? this.#sealer.open(JSON.stringify(binding), bytes) : undefined
    if (cursor) return cursor.split(',').map(Number)
    throw badRequest(
      "1 validation error detected: Value at 'nextToken' failed to satisfy constraint: Member must be a token that the same list returned",
      'NextToken belongs to one operation, one bearer and one set of filters. Pass the token of the page before unchanged, or none to start again.',
    )
  }
}
