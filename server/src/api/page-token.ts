import { badRequest } from '../errors.ts'
import type { Cursor } from '../store/page.ts'
import { sealerOf, type Sealer } from '../tools/sealer.ts'

const textOf = (bytes: Buffer) => `n${bytes.toString('base64url')}`

/**
 * NextTokens: the cursor of a page, encrypted and authenticated together with its binding, so a token cannot be read, forged, or used for
 * another list. It is base64url without padding, after a letter, since command lines treat a text that begins with `-` as an option.
 */
export class PageTokens {
  readonly #sealer: Sealer

  /** `key` has 32 bytes and is the same on all nodes. */
  constructor(key: Uint8Array) {
    this.#sealer = sealerOf(key)
  }

  /** `binding` identifies the list: operation, bearer, whose list, filters. */
  seal(binding: readonly string[], cursor: Cursor): string {
    return textOf(this.#sealer.seal(JSON.stringify(binding), cursor.join(',')))
  }

  /** Returns the cursor of a token with the same binding; throws BadRequestException for every other text. */
  open(binding: readonly string[], token: string): Cursor {
    const bytes = Buffer.from(token.slice(1), 'base64url')
    const cursor = textOf(bytes) === token ? this.#sealer.open(JSON.stringify(binding), bytes) : undefined
    if (cursor) return cursor.split(',').map(Number)
    throw badRequest(
      "1 validation error detected: Value at 'nextToken' failed to satisfy constraint: Member must be a token that the same list returned",
      'A NextToken is valid for one operation, one bearer and one set of filters. Pass the token of the previous page unchanged, or none to start again.',
    )
  }
}
