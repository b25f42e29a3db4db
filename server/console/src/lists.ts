import { signal, type Signal } from '@preact/signals'
import { messageOf } from './api.ts'

export interface Page<Item> {
  readonly items: readonly Item[] | undefined
  readonly token: string | undefined
}

/** A list that is read page by page as far as somebody scrolls. */
export class List<Item> {
  readonly items: Signal<readonly Item[]> = signal([])
  readonly state: Signal<'loading' | 'more' | 'whole' | 'failed'> = signal('loading')
  readonly error = signal('')
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
