import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Export } from './export.tsx'
import { ReadSoFar } from './read-so-far.tsx'
import type { Shown } from './found.tsx'
import { Failure, Loading } from './states.tsx'

export interface Column<Item> {
  readonly name: string
  readonly show: (item: Item) => ComponentChildren
  /** The width, as a track of a CSS grid. */
  readonly width?: string
  readonly isNumber?: boolean
  /** Hidden on narrow screens. */
  readonly isMinor?: boolean
  /** For the export; without it the column is not exported. */
  readonly text?: (item: Item) => string | number | undefined
}

const rowHeight = 45

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
  const top = useSignal(0)
  const height = useSignal(600)
  const scroller = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = scroller.current
    if (!element) return undefined
    const watch = new ResizeObserver(() => (height.value = element.clientHeight))
    watch.observe(element)
    return () => watch.disconnect()
  }, [list])
  const items = list.items.value
  const state = list.state.value
  const first = Math.max(0, Math.floor(top.value / rowHeight) - spare)
  const last = Math.min(items.length, Math.ceil((top.value + height.value) / rowHeight) + spare)
  useEffect(() => {
    // If a search hides most rows, every page would load the next one.
    if (state === 'more' && list.isFiltered?.value !== true && last >= items.length - spare) void list.more()
  }, [state, last, items.length, list])
  if (state === 'loading' && items.length === 0) return <Loading rows={6} />
  if (state === 'failed' && items.length === 0)
    return <Failure text={list.error.value} {...(list.again && { again: () => void list.again!() })} />
  if (items.length === 0 && state !== 'more') return <>{empty}</>
  const wide = columns.map(({ width = 'minmax(0, 1fr)' }) => width).join(' ')
  const narrow = columns
    .filter(({ isMinor }) => !isMinor)
    .map(({ width = 'minmax(0, 1fr)' }) => width)
    .join(' ')
  const cell = ({ isNumber, isMinor }: Column<Item>) => [isNumber && 'number', isMinor && 'minor'].filter(Boolean).join(' ')
  return (
    <div class="table" style={{ '--wide': wide, '--narrow': narrow }}>
      <div
        class="rows"
        ref={scroller}
        tabIndex={0}
        role="table"
        aria-label={label}
        aria-rowcount={state === 'whole' ? items.length + 1 : -1}
        onScroll={event => (top.value = event.currentTarget.scrollTop)}
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
