import { computed, effect, untracked, type ReadonlySignal, type Signal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { List } from '../lists.ts'

/** The rows of a list as a table shows them. */
export interface Shown<Item> extends Pick<List<Item>, 'state' | 'error'> {
  readonly items: ReadonlySignal<readonly Item[]>
  more(): Promise<void>
  again?(): Promise<void>
  /** The list that the rows are taken from, if only some of them are shown, or in another order. */
  readonly whole?: List<Item>
  readonly isFiltered?: ReadonlySignal<boolean>
  readonly isOrdered?: ReadonlySignal<boolean>
}

/** A search text, which changes a moment after the last key. */
export function Search({ label, value }: { label: string; value: Signal<string> }) {
  const timer = useRef<ReturnType<typeof setTimeout>>()
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={label}
      defaultValue={value.value}
      onInput={event => {
        const text = event.currentTarget.value
        clearTimeout(timer.current)
        timer.current = setTimeout(() => (value.value = text), 150)
      }}
    />
  )
}

type Compare<Item> = (a: Item, b: Item) => number

/** The rows that contain a text. A list only grows while it is loaded, so each row is examined once. */
function finder<Item>(of: (item: Item) => string) {
  let [from, wanted, found]: [readonly Item[], string, Item[]] = [[], '', []]
  return (items: readonly Item[], text: string): readonly Item[] => {
    if (text === '') return items
    const goesOn = text === wanted && from.length <= items.length && from[0] === items[0] && from.at(-1) === items[from.length - 1]
    const added = (goesOn ? items.slice(from.length) : items).filter(item => of(item).toLowerCase().includes(text))
    found = goesOn ? [...found, ...added] : added
    ;[from, wanted] = [items, text]
    return found
  }
}

/** How much of a list is read for a search, and for an order: the API has neither, so all of it is read, page by page. */
const [mostSearched, mostOrdered] = [200_000, 20_000]

/**
 * The rows of a list in which a text is found, and in an order of their own if one is given. A search and an order read on: the table
 * says how far they have come, and lets one stop.
 */
export function useFound<Item>(
  list: List<Item>,
  text: Signal<string>,
  of: (item: Item) => string,
  order?: { readonly isOn: Signal<boolean>; readonly compare: Compare<Item> },
): Shown<Item> {
  useEffect(() => {
    const end = effect(() => {
      const most = text.value.trim() !== '' ? mostSearched : order?.isOn.value ? mostOrdered : 0
      untracked(() => (most === 0 ? list.stop() : void list.readOn(most)))
    })
    return () => {
      end()
      list.stop()
    }
  }, [list])
  return useMemo(() => {
    const find = finder(of)
    const items = computed(() => {
      const found = find(list.items.value, text.value.trim().toLowerCase())
      return order?.isOn.value ? found.toSorted(order.compare) : found
    })
    return {
      items,
      state: list.state,
      error: list.error,
      more: () => list.more(),
      again: () => list.again(),
      whole: list,
      isFiltered: computed(() => text.value.trim() !== ''),
      isOrdered: computed(() => order?.isOn.value ?? false),
    }
  }, [list])
}
