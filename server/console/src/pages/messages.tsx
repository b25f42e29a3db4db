import { signal, useSignal, type Signal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { BoundedMap } from '../../../src/tools/bounded-map.ts'
import { call, messageOf } from '../api.ts'
import { History, timeOf, type Message } from '../history.ts'
import { requestToken } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { Empty, Failure, Loading } from '../parts/states.tsx'
import { Text, Copy } from '../parts/texts.tsx'
import { to } from '../router.ts'
import { clock, dateTime, day, idOf, shown } from '../text.ts'
import type { Place } from './channel.tsx'

/** What is written and not sent, by the ARN of the channel: of the channels that were opened last. */
const drafts = new BoundedMap<string, Signal<string>>(100)

function draftIn(channelArn: string): Signal<string> {
  const draft = drafts.get(channelArn) ?? signal('')
  drafts.set(channelArn, draft)
  return draft
}

const isFirstOfDay = (message: Message, before: Message | undefined) => before === undefined || day(timeOf(message)) !== day(timeOf(before))

/** The messages that the chosen user sees, and a field to send one. */
export function Messages({ place: { appArn, ChannelArn, bearer } }: { place: Place }) {
  const subChannelId = useSignal('')
  const view = useMemo(
    () => ({ ChannelArn, ...(subChannelId.value !== '' && { SubChannelId: subChannelId.value }), ChimeBearer: bearer }),
    [ChannelArn, bearer, subChannelId.value],
  )
  const history = useMemo(() => new History(view), [view])
  useEffect(() => history.open(), [history])
  const draft = useMemo(() => draftIn(ChannelArn), [ChannelArn])
  const isSending = useSignal(false)
  /** Why the last message could not be sent. */
  const error = useSignal('')
  const log = useRef<HTMLDivElement>(null)
  /** Whether the end of the list is visible. Only then do new messages scroll the list. The page itself stays where it is. */
  const isAtEnd = useRef(true)

  const messages = history.messages.value
  const state = history.state.value
  const newest = messages.at(-1)?.MessageId
  useEffect(() => {
    if (isAtEnd.current) log.current?.scrollTo(0, log.current.scrollHeight)
  }, [newest])

  async function send(event: Event) {
    event.preventDefault()
    const Content = draft.value
    if (Content.trim() === '' || isSending.value) return
    isSending.value = true
    draft.value = ''
    try {
      await call('SendChannelMessage', {
        ...view,
        Content,
        Type: 'STANDARD',
        Persistence: 'PERSISTENT',
        ClientRequestToken: requestToken(),
      })
      error.value = ''
    } catch (failure) {
      error.value = messageOf(failure)
      // It is in the field again, before what was typed meanwhile.
      draft.value = [Content, draft.value].filter(Boolean).join(' ')
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
        await call('RedactChannelMessage', { ...view, MessageId })
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
        await call('DeleteChannelMessage', { ...view, MessageId })
        history.remove(MessageId)
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
        <span class={state === 'live' ? 'good' : 'warn'}>{state === 'live' ? 'Live' : shown(state)}</span>
        <span class="faint">
          as <bdi>{shown(idOf(bearer), { longest: 60 })}</bdi> sees it
        </span>
        <button type="button" class="small quiet" onClick={choose}>
          {subChannelId.value === '' ? 'Sub-channel…' : `Sub-channel ${idOf(subChannelId.value).slice(0, 12)}`}
        </button>
      </p>
      {history.error.value && <Failure text={history.error.value} again={() => void history.loadNewest()} />}
      <div
        class="history"
        ref={log}
        tabIndex={0}
        role="log"
        aria-label="Messages of the channel"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < 80
        }}
      >
        {history.older.value !== undefined && (
          <button type="button" class="small quiet" onClick={() => void history.loadOlder()}>
            Earlier messages
          </button>
        )}
        {!history.isLoaded.value && history.error.value === '' && <Loading />}
        {history.isLoaded.value && messages.length === 0 && (
          <Empty title="No messages yet">
            <p>Write the first one below.</p>
          </Empty>
        )}
        {messages.map((message, index) => [
          isFirstOfDay(message, messages[index - 1]) && (
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
      </div>
      {error.value && <Failure text={error.value} />}
      <form class="send" onSubmit={event => void send(event)}>
        <input
          aria-label={`Message as ${shown(idOf(bearer), { longest: 60 })}`}
          placeholder={`Message as ${shown(idOf(bearer), { longest: 60 })}`}
          autocomplete="off"
          dir="auto"
          value={draft.value}
          onInput={event => (draft.value = event.currentTarget.value)}
        />
        <button type="submit" class="primary" disabled={isSending.value}>
          Send
        </button>
      </form>
    </section>
  )
}
