import { signal, type Signal } from '@preact/signals'
import { call, connect, isUnanswered, messageOf, whenBack } from './api.ts'

export interface Message {
  readonly MessageId?: string
  readonly Content?: string
  readonly Metadata?: string
  readonly Type?: string
  readonly Persistence?: string
  readonly CreatedTimestamp?: Date | string
  readonly LastEditedTimestamp?: Date | string
  readonly Sender?: { readonly Arn?: string; readonly Name?: string }
  readonly Redacted?: boolean
  readonly Status?: { readonly Value?: string; readonly Detail?: string }
  readonly Target?: readonly { readonly MemberArn?: string }[]
  readonly SubChannelId?: string
}

export const timeOf = ({ CreatedTimestamp }: Message) => new Date(CreatedTimestamp ?? 0)

/** The most messages on the page. In a busy channel the oldest are removed; they can be loaded again. */
const mostShown = 1000

/** Where older messages continue: the token of the next page of a list, which may have an upper bound in time. */
interface Older {
  readonly NextToken?: string
  readonly NotAfter?: Date
}

/** Each message once, in its last state of these, the oldest first. */
const inOrder = (all: readonly Message[]) =>
  [...new Map(all.map(message => [message.MessageId, message])).values()].toSorted((a, b) => timeOf(a).getTime() - timeOf(b).getTime())

const isOfMessage =
  /^(?:CREATE|UPDATE|REDACT|PENDING_CREATE|PENDING_UPDATE|FAILED_CREATE|FAILED_UPDATE|DENIED_CREATE|DENIED_UPDATE)_CHANNEL_MESSAGE$/

/** A channel or a sub-channel, and the user who sees it. */
interface View {
  readonly ChannelArn: string
  readonly SubChannelId?: string
  readonly ChimeBearer: string
}

/** The messages of a channel that a user sees: old ones are loaded page by page, and new ones arrive over a socket. */
export class History {
  readonly messages: Signal<readonly Message[]> = signal([])
  /** Undefined if no older messages are known of. */
  readonly older: Signal<Older | undefined> = signal(undefined)
  readonly isLoaded = signal(false)
  /** Why the last page could not be loaded. */
  readonly error = signal('')
  /** Of the socket: `live`, or what it waits for. */
  readonly state = signal('Connecting')
  readonly #view: View
  /** The calls that are under way, each with the ids of the messages that events were about meanwhile. After a gap it is a new set. */
  #calls = new Set<Set<unknown>>()

  constructor(view: View) {
    this.#view = view
  }

  /** Loads the newest messages and opens a session. Returns a function that ends it. */
  open(): () => void {
    void this.loadOlder()
    // Events that arrive between two frames of the screen are shown together.
    let arrived: Message[] = []
    let frame = 0
    let hasConnected = false
    const show = () => {
      this.#put(arrived.splice(0))
      frame = 0
    }
    const disconnect = connect(
      this.#view.ChimeBearer,
      ({ type, payload }) => {
        if (type === 'SESSION_ESTABLISHED') {
          // What was heard before the call is older than its answer.
          if (frame !== 0) {
            cancelAnimationFrame(frame)
            show()
          }
          if (hasConnected || this.error.value !== '') void this.loadNewest()
          hasConnected = true
        }
        if (payload['ChannelArn'] !== this.#view.ChannelArn) return
        const isDeleted = type === 'DELETE_CHANNEL_MESSAGE'
        if (isDeleted || isOfMessage.test(type)) for (const heard of this.#calls) heard.add(payload['MessageId'])
        if (isDeleted) {
          arrived = arrived.filter(({ MessageId }) => MessageId !== payload['MessageId'])
          this.remove(payload['MessageId'])
        } else if (isOfMessage.test(type)) {
          // A page in the background has no frames of the screen.
          if (arrived.push(payload) > mostShown) arrived.shift()
          frame ||= requestAnimationFrame(show)
        }
      },
      text => (this.state.value = text),
    )
    return () => {
      cancelAnimationFrame(frame)
      disconnect()
      // Answers that are under way are for nobody.
      this.#calls = new Set()
    }
  }

  /** Loads the newest messages, which the socket may have missed while it was closed. */
  readonly loadNewest = async (): Promise<void> => {
    const page = await this.#list()
    if (!page) return
    const { listed, NextToken, isHeard } = page
    const ids = new Set(listed.map(({ MessageId }) => MessageId))
    if (NextToken !== undefined && !this.messages.value.some(({ MessageId }) => ids.has(MessageId))) {
      // More was missed than the page has. What is older can be loaded again, without a gap.
      this.#calls = new Set()
      this.messages.value = this.messages.value.filter(isHeard)
      this.older.value = { NextToken }
    }
    this.#put(listed)
  }

  /** Loads the page before the oldest message that is shown. */
  async loadOlder(): Promise<void> {
    const before = this.older.value
    const page = await this.#list(before)
    if (!page) return
    this.messages.value = inOrder([...page.listed, ...this.messages.value])
    this.older.value = page.NextToken === undefined ? undefined : { ...before, NextToken: page.NextToken }
  }

  remove(id: unknown) {
    this.messages.value = this.messages.value.filter(({ MessageId }) => MessageId !== id)
  }

  /** Inserts messages in their order. If there are too many, the oldest are removed. */
  #put(arrived: readonly Message[]) {
    const all = inOrder([...this.messages.value, ...arrived])
    this.messages.value = all.slice(-mostShown)
    if (all.length > mostShown) this.older.value = { NotAfter: timeOf(this.messages.value[0]!) }
  }

  /** Asks for a page of messages. What events were about meanwhile is left out, since they are newer. An answer that comes too late is dropped. */
  async #list(before: Older = {}) {
    const [underWay, heard] = [this.#calls, new Set<unknown>()]
    underWay.add(heard)
    const isLate = () => underWay !== this.#calls
    try {
      const page = await call('ListChannelMessages', { ...this.#view, MaxResults: 50, ...before, SortOrder: 'DESCENDING' })
      if (isLate()) return undefined
      this.error.value = ''
      this.isLoaded.value = true
      const isHeard = ({ MessageId }: Message) => heard.has(MessageId)
      return { listed: (page.ChannelMessages ?? []).filter(each => !isHeard(each)).toReversed(), NextToken: page.NextToken, isHeard }
    } catch (failure) {
      if (isLate()) return undefined
      this.error.value = messageOf(failure)
      if (isUnanswered(failure)) whenBack(this.loadNewest)
      return undefined
    } finally {
      underWay.delete(heard)
    }
  }
}
