/** The sort key of the last row of a page, after which the next one begins. */
export type Cursor = readonly number[]

/** The cursor of a list that is ordered by a text. */
export const textCursor = (text: string): Cursor => [...Buffer.from(text)]

/** The text of such a cursor; empty before the first page. */
export const textIn = (cursor: Cursor | undefined) => Buffer.from(cursor ?? []).toString()

/** One page of a list and, if there may be more, where it ended. */
export interface Page<Item> {
  readonly items: Item[]
  readonly next: Cursor | undefined
}

/** A page whose items SQL has made into the text of a JSON list. */
export interface PageOfText {
  readonly items: string
  readonly next: Cursor | undefined
}

/**
 * Makes a page of `limit + 1` scanned rows: the extra row only shows that there are more. Rows of deleted but not yet purged
 * resources are scanned and left out, so a page may be short, and never costs more than its limit.
 */
export function pageOf<Row, Item>(
  rows: Row[],
  limit: number,
  cursor: (row: Row) => Cursor,
  item: (row: Row) => Item | undefined,
): Page<Item> {
  const scanned = rows.slice(0, limit)
  const items: Item[] = []
  for (const row of scanned) {
    const shown = item(row)
    if (shown !== undefined) items.push(shown)
  }
  const last = scanned.at(-1)
  return { items, next: rows.length > limit && last !== undefined ? cursor(last) : undefined }
}

/** The same for a list in the order of the ids of its rows. */
export const pageById = <Row extends { readonly id: number }, Item>(rows: Row[], limit: number, item: (row: Row) => Item | undefined) =>
  pageOf(rows, limit, ({ id }) => [id], item)
