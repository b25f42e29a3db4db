import { useComputed, useSignal, type Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { List } from '../lists.ts'
import { plural } from '../text.ts'
import { Export } from './export.tsx'
import { Failure, Loading } from './states.tsx'

export interface Column<Item> {
  readonly name: string
  readonly show: (item: Item) => ComponentChildren
  /** As a track of a grid. */
  readonly width?: string
  readonly isNumber?: boolean
  /** Left out where there is little room. */
  readonly isMinor?: boolean
  /** For the export; without it the column is not exported. */
  readonly text?: (item: Item) => string | number | undefined
}

const rowHeight = 45

const spare = 8

/** A table of which only the visible rows are in the page, however many there are. It reads on where somebody scrolls to its end. */
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
  list: Pick<List<Item>, 'items' | 'state' | 'error'> & { more(): Promise<void>; again?(): Promise<void> }
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
    if (state === 'more' && last >= items.length - spare) void list.more()
  }, [state, last, items.length, list])
  if (state === 'loading' && items.length === 0) return <Loading rows={6} />
  if (state === 'failed' && items.length === 0)
    return <Failure text={list.error.value} {...(list.again && { again: () => void list.again!() })} />
  if (items.length === 0) return <>{empty}</>
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
        <span>
          {live
            ? plural(items.length, 'entry', 'entries')
            : state === 'whole'
              ? plural(items.length, 'entry', 'entries')
              : state === 'failed'
                ? list.error.value
                : `${plural(items.length, 'entry', 'entries')} so far; scroll for more`}
        </span>
        <Export label={label} columns={columns} list={list} />
      </footer>
    </div>
  )
}

/** A text to look for, given a moment after the last key. */
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

/** The rows of a list in which a text is found. What is not loaded yet is not searched. */
export function useFound<Item>(list: List<Item>, text: Signal<string>, of: (item: Item) => string) {
  const items = useComputed(() => {
    const wanted = text.value.trim().toLowerCase()
    return wanted === '' ? list.items.value : list.items.value.filter(item => of(item).toLowerCase().includes(wanted))
  })
  return { items, state: list.state, error: list.error, more: () => list.more(), again: () => list.again() }
}
