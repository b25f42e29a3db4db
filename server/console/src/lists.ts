import { signal, type Signal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { ClientOutput, Input, OperationName } from '../../src/contract/index.ts'
import { call, isMissing, isThrottled, isUnanswered, messageOf, pause, whenBack } from './api.ts'

export interface Page<Item> {
  readonly items: readonly Item[] | undefined
  readonly token: string | undefined
}

/** The members of an input for the next page. */
export const paging = (NextToken: string | undefined) => ({ MaxResults: 50, ...(NextToken !== undefined && { NextToken }) })

/** The ClientRequestToken of a call that creates something. */
export const requestToken = () => crypto.randomUUID()

/** How often a page is read again, each time a second later, where the rates of the server do not allow it yet. */
const mostTries = 30

/** A list that is loaded page by page, as far as the operator scrolls. */
export class List<Item> {
  readonly items: Signal<readonly Item[]> = signal([])
  readonly state: Signal<'loading' | 'more' | 'whole' | 'failed'> = signal('loading')
  readonly error = signal('')
  /** Whether more is loaded than the operator scrolls to. It stays so after a failure, until `goOn` or `stop`. */
  readonly isReadingOn = signal(false)
  readonly #load: (token: string | undefined) => Promise<Page<Item>>
  #token: string | undefined
  #most = Infinity
  #loading: Promise<void> | undefined
  #version = 0

  constructor(load: (token: string | undefined) => Promise<Page<Item>>) {
    this.#load = load
    void this.more()
  }

  /** Loads the next page, if there is one. */
  more(): Promise<void> {
    if (this.#loading) return this.#loading
    const loading = this.#read().finally(() => {
      if (this.#loading === loading) this.#loading = undefined
    })
    return (this.#loading = loading)
  }

  /** Loads the next page, and reads on if that was begun: also after a failure. */
  readonly goOn = async (): Promise<void> => {
    await this.more()
    void this.#readPages()
  }

  /** Loads all remaining pages, or until there are that many items, unless `stop` is called. */
  async readOn(most = Infinity): Promise<void> {
    this.#most = most
    if (this.isReadingOn.value) return
    this.isReadingOn.value = true
    await this.#readPages()
  }

  async #readPages(): Promise<void> {
    while (this.isReadingOn.value && this.#mayReadOn()) await this.more()
    if (this.state.value !== 'failed') this.isReadingOn.value = false
  }

  #mayReadOn = () => ['loading', 'more'].includes(this.state.value) && this.items.value.length < this.#most

  stop() {
    this.isReadingOn.value = false
  }

  /** Reloads the list from its beginning. */
  async again(): Promise<void> {
    this.#version++
    this.#token = undefined
    this.#loading = undefined
    this.state.value = 'loading'
    await this.goOn()
  }

  async #read(tries = 1, version = this.#version): Promise<void> {
    if (this.state.value === 'whole' || version !== this.#version) return
    const isFirst = this.#token === undefined
    try {
      const { items = [], token } = await this.#load(this.#token)
      if (version !== this.#version) return
      this.items.value = isFirst ? items : [...this.items.value, ...items]
      this.#token = token
      this.state.value = token === undefined ? 'whole' : 'more'
    } catch (error) {
      if (version !== this.#version) return
      if (isThrottled(error) && tries < mostTries) {
        await pause(1000)
        return this.#read(tries + 1, version)
      }
      this.error.value = messageOf(error)
      this.state.value = 'failed'
      if (isUnanswered(error)) whenBack(this.goOn)
    }
  }
}

/** A value that is loaded once, and reloaded after a change. */
export class Value<Content> {
  readonly content: Signal<Content | undefined> = signal(undefined)
  readonly error = signal('')
  /** Whether what is to be loaded does not exist. */
  readonly isMissing = signal(false)
  readonly #load: () => Promise<Content>

  constructor(load: () => Promise<Content>) {
    this.#load = load
    void this.again()
  }

  readonly again = async (): Promise<void> => {
    try {
      this.content.value = await this.#load()
      this.error.value = ''
      this.isMissing.value = false
    } catch (error) {
      this.isMissing.value = isMissing(error)
      this.error.value = messageOf(error)
      if (isUnanswered(error)) whenBack(this.again)
    }
  }
}

/** The list of an operation that has pages, loaded as far as the operator scrolls. */
export function useList<Name extends OperationName, Item>(
  name: Name,
  input: Omit<Input<Name>, 'MaxResults' | 'NextToken'>,
  itemsOf: (page: ClientOutput<Name>) => readonly Item[] | undefined,
): List<Item> {
  const load = async (NextToken: string | undefined) => {
    const page = await call(name, { ...input, ...paging(NextToken) } as unknown as Input<Name>)
    return { items: itemsOf(page), token: (page as { NextToken?: string }).NextToken }
  }
  return useMemo(() => new List(load), [name, JSON.stringify(input)])
}
