import { signal, type Signal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { Answer, Input, OperationName } from '../../src/contract/index.ts'
import { call, messageOf } from './api.ts'

export interface Page<Item> {
  readonly items: readonly Item[] | undefined
  readonly token: string | undefined
}

/** The members of an input for the next page. */
export const paging = (NextToken: string | undefined) => ({ MaxResults: 50, ...(NextToken !== undefined && { NextToken }) })

/** The token of a call that makes something. */
export const requestToken = () => crypto.randomUUID()

/** A list that is read page by page as far as somebody scrolls. */
export class List<Item> {
  readonly items: Signal<readonly Item[]> = signal([])
  readonly state: Signal<'loading' | 'more' | 'whole' | 'failed'> = signal('loading')
  readonly error = signal('')
  /** Whether it is being read to its end. */
  readonly isReadingAll = signal(false)
  readonly #load: (token: string | undefined) => Promise<Page<Item>>
  #token: string | undefined
  #loading: Promise<void> | undefined
  #version = 0

  constructor(load: (token: string | undefined) => Promise<Page<Item>>) {
    this.#load = load
    void this.more()
  }

  /** Reads the next page, if there is one. */
  more(): Promise<void> {
    return (this.#loading ??= this.#read().finally(() => (this.#loading = undefined)))
  }

  /** Reads on to the end, unless `stop` is called. */
  async readAll(): Promise<void> {
    this.isReadingAll.value = true
    while (this.isReadingAll.value && this.state.value === 'more') await this.more()
    this.isReadingAll.value = false
  }

  stop() {
    this.isReadingAll.value = false
  }

  /** Reads the list again from its beginning. */
  async again(): Promise<void> {
    this.#version++
    this.#token = undefined
    this.#loading = undefined
    this.state.value = 'loading'
    await this.more()
  }

  async #read() {
    if (this.state.value === 'whole') return
    const version = this.#version
    const isFirst = this.#token === undefined
    try {
      const { items = [], token } = await this.#load(this.#token)
      if (version !== this.#version) return
      this.items.value = isFirst ? items : [...this.items.value, ...items]
      this.#token = token
      this.state.value = token === undefined ? 'whole' : 'more'
    } catch (error) {
      if (version !== this.#version) return
      this.error.value = messageOf(error)
      this.state.value = 'failed'
    }
  }
}

/** Something that is read once, and again where it has changed. */
export class Value<Content> {
  readonly content: Signal<Content | undefined> = signal(undefined)
  readonly error = signal('')
  readonly #load: () => Promise<Content>

  constructor(load: () => Promise<Content>) {
    this.#load = load
    void this.again()
  }

  async again(): Promise<void> {
    try {
      this.content.value = await this.#load()
      this.error.value = ''
    } catch (error) {
      this.error.value = messageOf(error)
    }
  }
}

/** The list of an operation that has pages, read as far as somebody scrolls. */
export function useList<Name extends OperationName, Item>(
  name: Name,
  input: Omit<Input<Name>, 'MaxResults' | 'NextToken'>,
  itemsOf: (page: Answer<Name>) => readonly Item[] | undefined,
): List<Item> {
  const load = async (NextToken: string | undefined) => {
    const page = await call(name, { ...input, ...paging(NextToken) } as unknown as Input<Name>)
    return { items: itemsOf(page), token: (page as { NextToken?: string }).NextToken }
  }
  return useMemo(() => new List(load), [name, JSON.stringify(input)])
}
