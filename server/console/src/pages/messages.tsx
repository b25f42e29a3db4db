import { useSignal, signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { call, messageOf, connect } from '../api.ts'
import { requestToken } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { Empty, Failure, Loading } from '../parts/states.tsx'
import { Text, Copy } from '../parts/texts.tsx'
import { to } from '../router.ts'
import { clock, dateTime, day, idOf, shown } from '../text.ts'
import type { Place } from './channel.tsx'

interface Message {
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

const timeOf = ({ CreatedTimestamp }: Message) => new Date(CreatedTimestamp ?? 0)
/** What is written and not sent, by the ARN of the channel. */
const drafts = signal<Readonly<Record<string, string>>>({})
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

const isFirstOfDay = (message: Message, before: Message | undefined) => before === undefined || day(timeOf(message)) !== day(timeOf(before))

const isOfMessage =
  /^(?:CREATE|UPDATE|REDACT|PENDING_CREATE|PENDING_UPDATE|FAILED_CREATE|FAILED_UPDATE|DENIED_CREATE|DENIED_UPDATE)_CHANNEL_MESSAGE$/

/** The messages that the chosen user sees: old ones are loaded page by page, and new ones arrive over a socket. */
export function Messages({ place: { appArn, ChannelArn, bearer } }: { place: Place }) {
  const messages = useSignal<readonly Message[]>([])
  const older = useSignal<Older | undefined>(undefined)
  const state = useSignal('Connecting')
  const isSending = useSignal(false)
  const draft = drafts.value[ChannelArn] ?? ''
  const write = (text: string) => {
    drafts.value = { ...drafts.value, [ChannelArn]: text }
  }
  const error = useSignal('')
  const isLoaded = useSignal(false)
  const subChannelId = useSignal('')
  const end = useRef<HTMLDivElement>(null)
  /** Whether the end of the list is visible. Only then do new messages scroll the page. */
  const isAtEnd = useRef(true)
  const place = () => ({ ChannelArn, ...(subChannelId.value !== '' && { SubChannelId: subChannelId.value }), ChimeBearer: bearer })

  /** Inserts messages in their order. If there are too many, the oldest are removed. */
  const put = (arrived: readonly Message[]) => {
    const all = inOrder([...messages.value, ...arrived])
    messages.value = all.slice(-mostShown)
    if (all.length > mostShown) older.value = { NotAfter: timeOf(messages.value[0]!) }
  }

  /** The calls that are under way, each with the ids of the messages that events were about meanwhile. Another place has a new set. */
  const calls = useRef(new Set<Set<unknown>>())

  /** Asks for a page of messages. What events were about meanwhile is left out, since they are newer. An answer that comes too late is dropped. */
  async function list(before: Older = {}) {
    const [underWay, heard] = [calls.current, new Set<unknown>()]
    underWay.add(heard)
    const isLate = () => underWay !== calls.current
    try {
      const page = await call('ListChannelMessages', { ...place(), MaxResults: 50, ...before, SortOrder: 'DESCENDING' })
      if (isLate()) return undefined
      error.value = ''
      const isHeard = ({ MessageId }: Message) => heard.has(MessageId)
      return { listed: (page.ChannelMessages ?? []).filter(each => !isHeard(each)).toReversed(), NextToken: page.NextToken, isHeard }
    } catch (failure) {
      if (!isLate()) error.value = messageOf(failure)
      return undefined
    } finally {
      underWay.delete(heard)
      if (!isLate()) isLoaded.value = true
    }
  }

  /** Loads the newest messages, which the socket may have missed while it was closed. */
  async function loadNewest() {
    const page = await list()
    if (!page) return
    const { listed, NextToken, isHeard } = page
    const ids = new Set(listed.map(({ MessageId }) => MessageId))
    if (NextToken !== undefined && !messages.value.some(({ MessageId }) => ids.has(MessageId))) {
      // More was missed than the page has. What is older can be loaded again, without a gap.
      calls.current = new Set()
      messages.value = messages.value.filter(isHeard)
      older.value = { NextToken }
    }
    put(listed)
  }

  /** Loads the page before the oldest message that is shown. */
  async function load(before: Older = {}) {
    const page = await list(before)
    if (!page) return
    messages.value = inOrder([...page.listed, ...messages.value])
    older.value =
      page.NextToken === undefined ? undefined : { ...(before.NotAfter && { NotAfter: before.NotAfter }), NextToken: page.NextToken }
  }

  useEffect(() => {
    messages.value = []
    older.value = undefined
    isLoaded.value = false
    calls.current = new Set()
    void load()
    // Events that arrive between two frames of the screen are shown together.
    let arrived: Message[] = []
    let frame = 0
    let hasConnected = false
    const show = () => {
      put(arrived.splice(0))
      frame = 0
    }
    const disconnect = connect(
      bearer,
      ({ type, payload }) => {
        if (type === 'SESSION_ESTABLISHED') {
          // What was heard before the call is older than its answer.
          if (frame !== 0) {
            cancelAnimationFrame(frame)
            show()
          }
          if (hasConnected || error.value !== '') void loadNewest()
          hasConnected = true
        }
        if (payload['ChannelArn'] !== ChannelArn) return
        const isDeleted = type === 'DELETE_CHANNEL_MESSAGE'
        if (isDeleted || isOfMessage.test(type)) for (const heard of calls.current) heard.add(payload['MessageId'])
        if (isDeleted) {
          arrived = arrived.filter(({ MessageId }) => MessageId !== payload['MessageId'])
          messages.value = messages.value.filter(({ MessageId }) => MessageId !== payload['MessageId'])
        } else if (isOfMessage.test(type)) {
          // A page in the background has no frames of the screen.
          if (arrived.push(payload) > mostShown) arrived.shift()
          frame ||= requestAnimationFrame(show)
        }
      },
      text => (state.value = text),
    )
    return () => {
      cancelAnimationFrame(frame)
      disconnect()
      calls.current = new Set()
    }
  }, [ChannelArn, bearer, subChannelId.value])

  const newest = messages.value.at(-1)?.MessageId
  useEffect(() => {
    if (isAtEnd.current) end.current?.scrollIntoView({ block: 'nearest' })
  }, [newest])

  async function send(event: Event) {
    event.preventDefault()
    const Content = draft
    if (Content.trim() === '' || isSending.value) return
    isSending.value = true
    try {
      await call('SendChannelMessage', {
        ...place(),
        Content,
        Type: 'STANDARD',
        Persistence: 'PERSISTENT',
        ClientRequestToken: requestToken(),
      })
      write('')
      error.value = ''
    } catch (failure) {
      error.value = messageOf(failure)
    }
    isSending.value = false
  }

  const redact = ({ MessageId = '' }: Message) =>
    ask({
      title: 'Redact this message?',
      about: <p>Its content and metadata are removed for everybody and for good. The message itself stays, as a redacted one.</p>,
      action: 'Redact',
      isDanger: true,
      async act() {
        await call('RedactChannelMessage', { ...place(), MessageId })
        return 'Redacted'
      },
    })
  const remove = ({ MessageId = '' }: Message) =>
    ask({
      title: 'Delete this message?',
      about: <p>It is gone for everybody and for good.</p>,
      action: 'Delete',
      isDanger: true,
      async act() {
        await call('DeleteChannelMessage', { ...place(), MessageId })
        messages.value = messages.value.filter(each => each.MessageId !== MessageId)
        return 'Deleted'
      },
    })
  const choose = () =>
    ask({
      title: 'Which sub-channel?',
      about: <p>The messages of an elastic channel are in its sub-channels.</p>,
      fields: [{ name: 'id', label: 'SubChannelId; empty for the channel itself', value: subChannelId.value }],
      action: 'Show',
      act: async ({ id = '' }) => void (subChannelId.value = id.trim()),
    })

  return (
    <section class="messages" aria-label="Messages">
      <p class="live">
        <span class={state.value === 'live' ? 'good' : 'warn'}>{state.value === 'live' ? 'Live' : shown(state.value)}</span>
        <span class="faint">
          as <bdi>{shown(idOf(bearer), { longest: 60 })}</bdi> sees it
        </span>
        <button type="button" class="small quiet" onClick={choose}>
          {subChannelId.value === '' ? 'Sub-channel…' : `Sub-channel ${idOf(subChannelId.value).slice(0, 12)}`}
        </button>
      </p>
      <div
        class="history"
        tabIndex={0}
        role="log"
        aria-label="Messages of the channel"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < 80
        }}
      >
        {older.value !== undefined && (
          <button type="button" class="small quiet" onClick={() => void load(older.value)}>
            Earlier messages
          </button>
        )}
        {!isLoaded.value && <Loading />}
        {isLoaded.value && messages.value.length === 0 && (
          <Empty title="No messages yet">
            <p>Write the first one below.</p>
          </Empty>
        )}
        {messages.value.map((message, index) => [
          isFirstOfDay(message, messages.value[index - 1]) && (
            <p class="day" key={`day of ${message.MessageId}`}>
              {day(timeOf(message))}, UTC
            </p>
          ),
          <article key={message.MessageId} class={message.Sender?.Arn === bearer ? 'own' : ''}>
            <header>
              <a href={to('apps', appArn, 'users', idOf(message.Sender?.Arn))}>
                <Text value={message.Sender?.Name} longest={60} />
              </a>
              <time dateTime={timeOf(message).toISOString()} title={dateTime(timeOf(message))}>
                {clock(timeOf(message))}
              </time>
              {message.Type === 'CONTROL' && <span class="badge">control</span>}
              {message.Persistence === 'NON_PERSISTENT' && <span class="badge">not stored</span>}
              {message.LastEditedTimestamp && !message.Redacted && (
                <span class="badge" title={dateTime(new Date(message.LastEditedTimestamp))}>
                  edited
                </span>
              )}
              {message.Target?.[0] && (
                <span class="badge accent">only for {shown(idOf(message.Target[0].MemberArn), { longest: 40 })}</span>
              )}
              {message.Status?.Value !== undefined && message.Status.Value !== 'SENT' && (
                <span class="badge warn">{message.Status.Value.toLowerCase()}</span>
              )}
            </header>
            <p class={message.Redacted ? 'faint' : ''}>
              {message.Redacted ? 'redacted' : <bdi>{shown(message.Content, { longest: 4096, lines: true })}</bdi>}
            </p>
            <div class="tools">
              <Copy text={message.MessageId ?? ''} label="Copy id" />
              {!message.Redacted && (
                <button type="button" class="small quiet" onClick={() => redact(message)}>
                  Redact
                </button>
              )}
              <button type="button" class="small quiet bad" onClick={() => remove(message)}>
                Delete
              </button>
            </div>
          </article>,
        ])}
        <div ref={end} />
      </div>
      {error.value && <Failure text={error.value} />}
      <form class="send" onSubmit={event => void send(event)}>
        <input
          aria-label={`Message as ${shown(idOf(bearer), { longest: 60 })}`}
          placeholder={`Message as ${shown(idOf(bearer), { longest: 60 })}`}
          autocomplete="off"
          dir="auto"
          value={draft}
          onInput={event => write(event.currentTarget.value)}
        />
        <button type="submit" class="primary" disabled={isSending.value}>
          Send
        </button>
      </form>
    </section>
  )
}
