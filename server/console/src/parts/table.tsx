import { signal, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { useKept } from '../kept.ts'
import { Export } from './export.tsx'
import { ReadSoFar } from './read-so-far.tsx'
import type { Shown } from './found.tsx'
import { Failure, Loading, NothingFound } from './states.tsx'

export interface Column<Item> {
  readonly name: string
  readonly show: (item: Item) => ComponentChildren
  /** The width, as a track of a CSS grid. */
  readonly width?: string
  readonly isNumber?: boolean
  /** Hidden on narrow screens. */
  readonly isMinor?: boolean
  /** On narrow screens it is a second line below the first column. */
  readonly isBelow?: boolean
  /** On narrow screens it is a line of its own below the others: for several buttons. */
  readonly isLine?: boolean
  /** For the export; without it the column is not exported. */
  readonly text?: (item: Item) => string | number | undefined
}

const [oneLine, twoLines] = [45, 85]

/** As styles/narrow.css says. */
const narrow = matchMedia('(width < 800px)')
const isNarrow = signal(narrow.matches)
narrow.addEventListener('change', () => (isNarrow.value = narrow.matches))

/** As styles/tables.css says. */
const tallest = 720
const spare = 8

/** A table of any length, of which only the visible rows are in the page. It loads more when the operator scrolls to its end. */
export function Table<Item>({
  label,
  columns,
  list,
  keyOf,
  empty,
  live = false,
}: {
  label: string
  columns: readonly Column<Item>[]
  list: Shown<Item>
  keyOf: (item: Item) => string
  empty: ComponentChildren
  live?: boolean
}) {
  const kept = useKept(`${label}, scrolled to`, 0)
  /** Where Back scrolls to once enough of the list is loaded, unless the operator scrolls first. */
  const wanted = useRef(kept.value)
  const top = useSignal(0)
  const scroller = useRef<HTMLDivElement>(null)
  const rowHeight = isNarrow.value && columns.some(({ isLine }) => isLine) ? twoLines : oneLine
  const items = list.items.value
  const state = list.state.value
  const first = Math.max(0, Math.floor(top.value / rowHeight) - spare)
  const last = Math.min(items.length, Math.ceil((top.value + tallest) / rowHeight) + spare)
  useEffect(() => {
    // If a search hides most rows, every page would load the next one.
    const isNeeded = wanted.current > 0 || last >= items.length - spare
    if (state === 'more' && list.isFiltered?.value !== true && isNeeded) void list.more()
  }, [state, last, items.length, list])
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element) return
    if (wanted.current > 0) {
      const isLoaded = items.length * rowHeight >= wanted.current + element.clientHeight
      if (!isLoaded && state !== 'whole') return
      element.scrollTop = wanted.current
      wanted.current = 0
    }
    // A list that was empty meanwhile begins at its top again.
    top.value = kept.value = element.scrollTop
  }, [items.length, state])
  const firstKey = items[0] && keyOf(items[0])
  const before = useRef(firstKey)
  useLayoutEffect(() => {
    // New rows on top of a live list do not move the rows that are looked at.
    const moved = live && before.current !== undefined ? items.findIndex(item => keyOf(item) === before.current) : 0
    if (moved > 0 && scroller.current && scroller.current.scrollTop > 0) scroller.current.scrollTop += moved * rowHeight
    before.current = firstKey
  }, [firstKey])
  if (state === 'loading' && items.length === 0) return <Loading rows={6} />
  if (state === 'failed' && items.length === 0)
    return <Failure text={list.error.value} {...(list.again && { again: () => void list.again!() })} />
  if (items.length === 0 && state !== 'more') return list.isFiltered?.value === true ? <NothingFound /> : <>{empty}</>
  const wide = columns.map(({ width = 'minmax(0, 1fr)' }) => width).join(' ')
  const onNarrow = columns
    .filter(({ isMinor, isBelow, isLine }) => !isMinor && !isBelow && !isLine)
    .map(({ width = 'minmax(0, 1fr)' }) => width)
    .join(' ')
  const cell = ({ isNumber, isMinor, isBelow, isLine }: Column<Item>) =>
    [isNumber && 'number', isMinor && 'minor', isBelow && 'below', isLine && 'line'].filter(Boolean).join(' ')
  return (
    <div class="table" style={{ '--wide': wide, '--narrow': onNarrow }}>
      <div
        class="rows"
        ref={scroller}
        tabIndex={0}
        role="table"
        aria-label={label}
        aria-rowcount={state === 'whole' ? items.length + 1 : -1}
        onScroll={event => {
          wanted.current = 0
          top.value = kept.value = event.currentTarget.scrollTop
        }}
      >
        <div role="rowgroup" class="head">
          <div role="row" class="row" aria-rowindex={1}>
            {columns.map(column => (
              <div role="columnheader" key={column.name} class={cell(column)}>
                {column.name}
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" style={{ height: `${items.length * rowHeight}px`, position: 'relative' }}>
          {items.slice(first, last).map((item, index) => (
            <div
              role="row"
              class="row"
              key={keyOf(item)}
              aria-rowindex={first + index + 2}
              style={{ transform: `translateY(${(first + index) * rowHeight}px)` }}
            >
              {columns.map(column => (
                <div role="cell" key={column.name} class={cell(column)}>
                  {column.show(item)}
                </div>
              ))}
            </div>
          ))}
        </div>
      </div>
      <footer>
        <ReadSoFar list={list} live={live} />
        <Export label={label} columns={columns} list={list} />
      </footer>
    </div>
  )
}
