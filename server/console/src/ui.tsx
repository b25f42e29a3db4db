import { signal, useComputed, useSignal, type Signal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { messageOf } from './api.ts'
import type { List } from './lists.ts'
import { ago, dateTime, idOf, plural, shown } from './text.ts'

/** A text of others, apart from the text around it. */
export const Text = ({ value, longest }: { value: string | undefined; longest?: number }) => (
  <bdi>{shown(value, { ...(longest !== undefined && { longest }) })}</bdi>
)

export const Time = ({ at }: { at: Date | undefined }) =>
  at ? (
    <time dateTime={at.toISOString()} title={dateTime(at)}>
      {ago(at)}
    </time>
  ) : (
    <span class="faint">never</span>
  )

const said = signal('')
let silence: ReturnType<typeof setTimeout> | undefined

/** Says something in a corner of the page, to screen readers as well. */
export function say(text: string) {
  said.value = text
  clearTimeout(silence)
  silence = setTimeout(() => (said.value = ''), 5000)
}

export const Said = () => (
  <div class="said" role="status" aria-live="polite">
    {said.value && <div>{said.value}</div>}
  </div>
)

export function Copy({ text, label = 'Copy' }: { text: string; label?: string }) {
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    say('Copied')
  }
  return (
    <button type="button" class="small quiet" onClick={() => void copy()}>
      {label}
    </button>
  )
}

/** The last part of an ARN; the whole of it is in the title and can be copied. */
export const Arn = ({ value, link }: { value: string | undefined; link?: string }) =>
  value === undefined ? (
    <span class="faint">none</span>
  ) : (
    <code class="arn" title={shown(value, { longest: 2000 })}>
      {link === undefined ? <Text value={idOf(value)} /> : <a href={link}>{<Text value={idOf(value)} />}</a>}
    </code>
  )

export const Failure = ({ text, again }: { text: string; again?: () => void }) => (
  <div class="failure" role="alert">
    <p>
      <Text value={text} longest={1000} />
    </p>
    {again && (
      <button type="button" class="small" onClick={again}>
        Try again
      </button>
    )}
  </div>
)

export const Loading = ({ rows = 3 }: { rows?: number }) => (
  <div class="loading" role="status" aria-label="Loading">
    {Array.from({ length: rows }, (_, index) => (
      <i key={index} />
    ))}
  </div>
)

export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }) => (
  <div class="empty">
    <h2>{title}</h2>
    {children}
  </div>
)

export interface Crumb {
  readonly text: string
  readonly link: string
}

export function Page({
  title,
  crumbs = [],
  about,
  actions,
  children,
}: {
  title: string
  crumbs?: readonly Crumb[]
  about?: ComponentChildren
  actions?: ComponentChildren
  children: ComponentChildren
}) {
  useEffect(() => {
    document.title = `${shown(title, { longest: 60 })} – Carillon`
  }, [title])
  return (
    <>
      <header class="page">
        {crumbs.length > 0 && (
          <nav class="crumbs" aria-label="Breadcrumb">
            <ol>
              {crumbs.map(({ text, link }) => (
                <li key={link}>
                  <a href={link}>
                    <Text value={text} longest={40} />
                  </a>
                </li>
              ))}
            </ol>
          </nav>
        )}
        <div class="heading">
          <h1>
            <Text value={title} longest={80} />
          </h1>
          {actions && <div class="actions">{actions}</div>}
        </div>
        {about && <div class="about">{about}</div>}
      </header>
      {children}
    </>
  )
}

export const Tabs = ({ tabs, current }: { tabs: readonly (readonly [name: string, link: string])[]; current: string }) => (
  <nav class="tabs" aria-label="Parts of this page">
    {tabs.map(([name, link]) => (
      <a key={link} href={link} aria-current={name === current ? 'page' : undefined}>
        {name}
      </a>
    ))}
  </nav>
)

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

const quotedForCsv = (value: string | number | undefined) => {
  const text = String(value ?? '')
  // A spreadsheet takes these beginnings for formulas.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The whole list as a file, read to its end with its progress shown. */
function Export<Item>({
  label,
  columns,
  list,
}: {
  label: string
  columns: readonly Column<Item>[]
  list: Pick<List<Item>, 'items' | 'state'> & { more(): Promise<void> }
}) {
  const progress = useSignal('')
  const exported = columns.filter(({ text }) => text)
  if (exported.length === 0) return null
  async function save(kind: 'csv' | 'jsonl') {
    while (list.state.value === 'more') {
      progress.value = `${plural(list.items.value.length, 'entry', 'entries')} read`
      await list.more()
    }
    progress.value = ''
    const rows = list.items.value
    const lines =
      kind === 'csv'
        ? [exported.map(({ name }) => name), ...rows.map(row => exported.map(({ text }) => text!(row)))].map(line =>
            line.map(quotedForCsv).join(','),
          )
        : rows.map(row => JSON.stringify(Object.fromEntries(exported.map(({ name, text }) => [name, text!(row)]))))
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([`${lines.join('\n')}\n`], { type: kind === 'csv' ? 'text/csv' : 'application/jsonl' }))
    link.download = `${label.toLowerCase().replaceAll(/\W+/g, '-')}.${kind}`
    link.click()
    URL.revokeObjectURL(link.href)
  }
  return (
    <span class="export">
      {progress.value !== '' && <span role="status">{progress.value}</span>}
      <button type="button" class="small quiet" onClick={() => void save('csv')}>
        Export CSV
      </button>
      <button type="button" class="small quiet" onClick={() => void save('jsonl')}>
        JSON lines
      </button>
    </span>
  )
}

export interface Field {
  readonly name: string
  readonly label: string
  readonly kind?: 'text' | 'lines' | 'select' | 'number' | 'password'
  readonly options?: readonly (string | readonly [value: string, label: string])[]
  readonly value?: string
  readonly hint?: string
  readonly isRequired?: boolean
  readonly isCode?: boolean
}

type Values = Readonly<Record<string, string>>

interface Asked {
  readonly title: string
  /** What it will do, in sentences. */
  readonly about?: ComponentChildren
  readonly fields?: readonly Field[]
  readonly action: string
  readonly isDanger?: boolean
  /** Resolves to what is said afterwards. */
  readonly act: (values: Values) => Promise<string | void>
}

const asked = signal<Asked | undefined>(undefined)

/** Opens a dialog that asks for values, or for a confirmation, and does something with them. */
export function ask(question: Asked) {
  asked.value = question
}

export const Ask = () => (asked.value ? <Dialog key={asked.value.title} question={asked.value} /> : null)

function Dialog({ question }: { question: Asked }) {
  const { title, about, fields = [], action, isDanger, act } = question
  const dialog = useRef<HTMLDialogElement>(null)
  const error = useSignal('')
  const isBusy = useSignal(false)
  const values = useMemo(() => new Map(fields.map(field => [field.name, field.value ?? ''])), [question])
  useEffect(() => {
    dialog.current?.showModal()
  }, [question])
  async function submit(event: Event) {
    event.preventDefault()
    isBusy.value = true
    error.value = ''
    try {
      const result = await act(Object.fromEntries(values))
      if (asked.value === question) asked.value = undefined
      if (result) say(result)
    } catch (failure) {
      error.value = messageOf(failure)
    } finally {
      isBusy.value = false
    }
  }
  return (
    <dialog ref={dialog} aria-labelledby="asked" onClose={() => asked.value === question && (asked.value = undefined)}>
      <form method="dialog" onSubmit={event => void submit(event)}>
        <h2 id="asked">{title}</h2>
        {about && <div class="explained">{about}</div>}
        {fields.map(field => (
          <Input key={field.name} field={field} set={value => values.set(field.name, value)} />
        ))}
        {error.value !== '' && <Failure text={error.value} />}
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={isDanger ? 'danger' : 'primary'} disabled={isBusy.value}>
            {isBusy.value ? 'Working…' : action}
          </button>
        </div>
      </form>
    </dialog>
  )
}

export function Input({ field, set }: { field: Field; set: (value: string) => void }) {
  const { name, label, kind = 'text', options = [], value, hint, isRequired, isCode } = field
  const id = `field-${name}`
  const shared = {
    id,
    name,
    required: isRequired ?? false,
    'aria-describedby': hint === undefined ? undefined : `${id}-hint`,
    class: isCode ? 'code' : undefined,
    onInput: (event: JSX.TargetedEvent<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>) => set(event.currentTarget.value),
  }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {kind === 'select' ? (
        <select {...shared} defaultValue={value ?? ''}>
          {options.map(option => {
            const [key, text] = typeof option === 'string' ? [option, option] : option
            return (
              <option key={key} value={key} selected={key === value}>
                {text}
              </option>
            )
          })}
        </select>
      ) : kind === 'lines' ? (
        <textarea {...shared} rows={isCode ? 12 : 3} spellcheck={false} defaultValue={value ?? ''} />
      ) : (
        <input {...shared} type={kind} autocomplete="off" spellcheck={false} defaultValue={value ?? ''} />
      )}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
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

/** A plot of one line, with its last value in words. */
export function Plot({
  label,
  value,
  points,
  others,
}: {
  label: string
  value: string
  points: readonly number[]
  others?: readonly number[]
}) {
  const [width, height, most] = [300, 56, 150]
  const highest = Math.max(...points, ...(others ?? []), 1e-9)
  const line = (numbers: readonly number[]) =>
    numbers
      .map((number, index) => {
        const x = width - ((numbers.length - 1 - index) / (most - 1)) * width
        return `${x.toFixed(1)},${(height - 2 - (number / highest) * (height - 6)).toFixed(1)}`
      })
      .join(' ')
  const start = width - ((points.length - 1) / (most - 1)) * width
  return (
    <figure class="plot">
      <figcaption>
        <span>{label}</span>
        <strong>{value}</strong>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {points.length > 1 && (
          <>
            <polygon points={`${start.toFixed(1)},${height} ${line(points)} ${width},${height}`} />
            {others && <polyline class="other" points={line(others)} />}
            <polyline points={line(points)} />
          </>
        )}
      </svg>
    </figure>
  )
}

export const Facts = ({ facts }: { facts: readonly (readonly [name: string, value: ComponentChildren])[] }) => (
  <dl class="facts">
    {facts.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)
