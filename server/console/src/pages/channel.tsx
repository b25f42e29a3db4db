import { signal, useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { call, connect, messageOf } from '../api.ts'
import { List, Value } from '../lists.ts'
import { go, to } from '../router.ts'
import { dateTime, idOf, shown } from '../text.ts'
import { Arn, ask, Copy, Empty, Facts, Failure, Loading, Page, Table, Tabs, Text, Time } from '../ui.tsx'
import { AsActor, userArnOf } from './apps.tsx'

const parts = ['Messages', 'Members', 'Moderators', 'Bans', 'Settings'] as const
const paging = (NextToken: string | undefined) => ({ MaxResults: 50, ...(NextToken !== undefined && { NextToken }) })

type Channel = NonNullable<Awaited<ReturnType<typeof call<'DescribeChannel'>>>['Channel']>

interface Place {
  readonly appArn: string
  readonly ChannelArn: string
  /** As whom the console acts. */
  readonly bearer: string
}

export function ChannelPage({ appArn, id, part }: { appArn: string; id: string; part: string }) {
  const ChannelArn = `${appArn}/channel/${id}`
  const channel = useSignal<Channel | undefined>(undefined)
  const current = parts.find(each => each.toLowerCase() === part) ?? 'Messages'
  return (
    <Page
      title={channel.value?.Name ?? id}
      crumbs={[
        { text: 'App instances', link: to('apps') },
        { text: idOf(appArn), link: to('apps', appArn, 'channels') },
      ]}
      about={
        <p>
          <Arn value={ChannelArn} /> <Copy text={ChannelArn} label="Copy ARN" />
        </p>
      }
    >
      <AsActor appArn={appArn}>
        {bearer => <Inside key={bearer} place={{ appArn, ChannelArn, bearer }} channel={channel} current={current} id={id} />}
      </AsActor>
    </Page>
  )
}

function Inside({
  place,
  channel,
  current,
  id,
}: {
  place: Place
  channel: { value: Channel | undefined }
  current: (typeof parts)[number]
  id: string
}) {
  const { appArn, ChannelArn, bearer } = place
  const described = useMemo(
    () =>
      new Value(async () => {
        const { Channel } = await call('DescribeChannel', { ChannelArn, ChimeBearer: bearer })
        channel.value = Channel
        return Channel
      }),
    [ChannelArn, bearer],
  )
  if (described.error.value) return <Failure text={described.error.value} again={() => void described.again()} />
  if (!described.content.value) return <Loading />
  return (
    <>
      <Tabs current={current} tabs={parts.map(each => [each, to('apps', appArn, 'channels', id, each.toLowerCase())] as const)} />
      {current === 'Messages' && <Messages place={place} />}
      {current === 'Members' && <Members place={place} />}
      {current === 'Moderators' && <Moderators place={place} />}
      {current === 'Bans' && <Bans place={place} />}
      {current === 'Settings' && <Settings place={place} channel={described} />}
    </>
  )
}

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
const draft = signal('')

/** The messages as the user sees them whom the console acts as: those of the past page by page, and the new ones over a socket. */
function Messages({ place: { appArn, ChannelArn, bearer } }: { place: Place }) {
  const messages = useSignal<readonly Message[]>([])
  const older = useSignal<string | undefined>(undefined)
  const state = useSignal('connecting')
  const error = useSignal('')
  const isLoaded = useSignal(false)
  const subChannelId = useSignal('')
  const end = useRef<HTMLDivElement>(null)
  const place = () => ({ ChannelArn, ...(subChannelId.value !== '' && { SubChannelId: subChannelId.value }), ChimeBearer: bearer })

  const put = (message: Message) => {
    const others = messages.value.filter(({ MessageId }) => MessageId !== message.MessageId)
    messages.value = [...others, message].toSorted((a, b) => timeOf(a).getTime() - timeOf(b).getTime())
  }

  async function load(NextToken?: string) {
    try {
      const page = await call('ListChannelMessages', { ...place(), ...paging(NextToken), SortOrder: 'DESCENDING' })
      const known = new Set(messages.value.map(({ MessageId }) => MessageId))
      const added = (page.ChannelMessages ?? []).filter(({ MessageId }) => !known.has(MessageId)).toReversed()
      messages.value = [...added, ...messages.value]
      older.value = page.NextToken
      error.value = ''
    } catch (failure) {
      error.value = messageOf(failure)
    }
    isLoaded.value = true
  }

  useEffect(() => {
    messages.value = []
    void load()
    return connect(
      bearer,
      ({ type, payload }) => {
        if (payload['ChannelArn'] !== ChannelArn) return
        if (type === 'DELETE_CHANNEL_MESSAGE') messages.value = messages.value.filter(({ MessageId }) => MessageId !== payload['MessageId'])
        else if (
          /^(?:CREATE|UPDATE|REDACT|PENDING_CREATE|PENDING_UPDATE|FAILED_CREATE|FAILED_UPDATE|DENIED_CREATE|DENIED_UPDATE)_CHANNEL_MESSAGE$/.test(
            type,
          )
        )
          put(payload)
      },
      text => (state.value = text),
    )
  }, [ChannelArn, bearer, subChannelId.value])

  const newest = messages.value.at(-1)?.MessageId
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'nearest' })
  }, [newest])

  async function send(event: Event) {
    event.preventDefault()
    const Content = draft.value
    if (Content.trim() === '') return
    try {
      await call('SendChannelMessage', {
        ...place(),
        Content,
        Type: 'STANDARD',
        Persistence: 'PERSISTENT',
        ClientRequestToken: crypto.randomUUID(),
      })
      draft.value = ''
      error.value = ''
    } catch (failure) {
      error.value = messageOf(failure)
    }
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
        <span class="faint">as {idOf(bearer)} sees it</span>
        <button type="button" class="small quiet" onClick={choose}>
          {subChannelId.value === '' ? 'Sub-channel…' : `Sub-channel ${idOf(subChannelId.value).slice(0, 12)}`}
        </button>
      </p>
      <div class="history" tabIndex={0} role="log" aria-label="Messages of the channel">
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
        {messages.value.map(message => (
          <article key={message.MessageId} class={message.Sender?.Arn === bearer ? 'own' : ''}>
            <header>
              <a href={to('apps', appArn, 'users', idOf(message.Sender?.Arn))}>
                <Text value={message.Sender?.Name} longest={60} />
              </a>
              <time title={dateTime(timeOf(message))}>{timeOf(message).toLocaleTimeString('en-GB')}</time>
              {message.Type === 'CONTROL' && <span class="badge">control</span>}
              {message.Persistence === 'NON_PERSISTENT' && <span class="badge">not stored</span>}
              {message.LastEditedTimestamp && <span class="badge">edited</span>}
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
          </article>
        ))}
        <div ref={end} />
      </div>
      {error.value && <Failure text={error.value} />}
      <form class="send" onSubmit={event => void send(event)}>
        <input
          aria-label={`Message as ${idOf(bearer)}`}
          placeholder={`Message as ${idOf(bearer)}`}
          autocomplete="off"
          value={draft.value}
          onInput={event => (draft.value = event.currentTarget.value)}
        />
        <button type="submit" class="primary">
          Send
        </button>
      </form>
    </section>
  )
}

/** The people of a channel in a list: members, moderators or banned ones. */
interface PeopleOf {
  readonly label: string
  readonly load: (
    token: string | undefined,
  ) => Promise<{ items: readonly { Arn?: string; Name?: string }[] | undefined; token: string | undefined }>
  readonly add: { readonly label: string; readonly about: string; readonly act: (arn: string) => Promise<unknown> }
  readonly remove: { readonly label: string; readonly about: string; readonly act: (arn: string) => Promise<unknown> }
  readonly empty: string
}

function People({ place: { appArn }, of: { label, load, add, remove, empty } }: { place: Place; of: PeopleOf }) {
  const list = useMemo(() => new List(load), [label, appArn])
  const insert = () =>
    ask({
      title: add.label,
      about: <p>{add.about}</p>,
      fields: [{ name: 'user', label: 'User id or ARN', isRequired: true }],
      action: add.label,
      async act({ user }) {
        await add.act(userArnOf(appArn, user))
        await list.again()
        return 'Done'
      },
    })
  const take = (arn: string, name: string | undefined) =>
    ask({
      title: `${remove.label} ${shown(name, { longest: 40 })}?`,
      about: <p>{remove.about}</p>,
      action: remove.label,
      isDanger: true,
      async act() {
        await remove.act(arn)
        await list.again()
        return 'Done'
      },
    })
  return (
    <>
      <div class="toolbar">
        <button type="button" class="primary" onClick={insert}>
          {add.label}
        </button>
      </div>
      <Table
        label={label}
        list={list}
        keyOf={({ Arn = '' }) => Arn}
        columns={[
          {
            name: 'Name',
            text: each => each.Name,
            show: each =>
              each.Arn?.includes('/user/') ? (
                <a href={to('apps', appArn, 'users', idOf(each.Arn))}>
                  <Text value={each.Name} />
                </a>
              ) : (
                <Text value={each.Name} />
              ),
          },
          { name: 'Id', text: each => each.Arn, show: each => <Arn value={each.Arn} /> },
          {
            name: 'Change',
            width: '6rem',
            show: ({ Arn: arn = '', Name }) => (
              <button type="button" class="small danger" onClick={() => take(arn, Name)}>
                {remove.label}
              </button>
            ),
          },
        ]}
        empty={
          <Empty title={`No ${label.toLowerCase()}`}>
            <p>{empty}</p>
          </Empty>
        }
      />
    </>
  )
}

function Members({ place }: { place: Place }) {
  const { ChannelArn, bearer } = place
  const hidden = useSignal(false)
  const Type = hidden.value ? ('HIDDEN' as const) : ('DEFAULT' as const)
  return (
    <>
      <div class="toolbar">
        <button type="button" aria-pressed={hidden.value} onClick={() => (hidden.value = !hidden.value)}>
          Hidden members
        </button>
      </div>
      <People
        key={Type}
        place={place}
        of={{
          label: hidden.value ? 'Hidden members' : 'Members',
          async load(token) {
            const page = await call('ListChannelMemberships', { ChannelArn, Type, ChimeBearer: bearer, ...paging(token) })
            return { items: page.ChannelMemberships?.map(({ Member }) => Member ?? {}), token: page.NextToken }
          },
          add: {
            label: 'Add',
            about: 'The new member sees the messages of the channel, those before it joined too, and hears new ones.',
            act: async MemberArn => call('CreateChannelMembership', { ChannelArn, MemberArn, Type, ChimeBearer: bearer }),
          },
          remove: {
            label: 'Remove',
            about: 'The member sees and hears nothing of the channel any more, unless it is added again. Its messages stay.',
            act: async MemberArn => call('DeleteChannelMembership', { ChannelArn, MemberArn, ChimeBearer: bearer }),
          },
          empty: 'Nobody is in this list.',
        }}
      />
    </>
  )
}

const Moderators = ({ place }: { place: Place }) => (
  <People
    place={place}
    of={{
      label: 'Moderators',
      async load(token) {
        const { ChannelArn, bearer: ChimeBearer } = place
        const page = await call('ListChannelModerators', { ChannelArn, ChimeBearer, ...paging(token) })
        return { items: page.ChannelModerators?.map(({ Moderator }) => Moderator ?? {}), token: page.NextToken }
      },
      add: {
        label: 'Add',
        about: 'A moderator may add and remove members, ban users, redact messages, and change and delete the channel.',
        act: async ChannelModeratorArn =>
          call('CreateChannelModerator', { ChannelArn: place.ChannelArn, ChannelModeratorArn, ChimeBearer: place.bearer }),
      },
      remove: {
        label: 'Remove',
        about: 'It stays a member of the channel and loses the rights of a moderator.',
        act: async ChannelModeratorArn =>
          call('DeleteChannelModerator', { ChannelArn: place.ChannelArn, ChannelModeratorArn, ChimeBearer: place.bearer }),
      },
      empty: 'Only AppInstanceAdmins are in charge of this channel.',
    }}
  />
)

const Bans = ({ place }: { place: Place }) => (
  <People
    place={place}
    of={{
      label: 'Bans',
      async load(token) {
        const { ChannelArn, bearer: ChimeBearer } = place
        const page = await call('ListChannelBans', { ChannelArn, ChimeBearer, ...paging(token) })
        return { items: page.ChannelBans?.map(({ Member }) => Member ?? {}), token: page.NextToken }
      },
      add: {
        label: 'Ban',
        about: 'A banned user leaves the channel and cannot join it, or see it, until the ban is lifted.',
        act: async MemberArn => call('CreateChannelBan', { ChannelArn: place.ChannelArn, MemberArn, ChimeBearer: place.bearer }),
      },
      remove: {
        label: 'Lift',
        about: 'The user may be added to the channel again.',
        act: async MemberArn => call('DeleteChannelBan', { ChannelArn: place.ChannelArn, MemberArn, ChimeBearer: place.bearer }),
      },
      empty: 'Nobody is banned from this channel.',
    }}
  />
)

function Settings({ place: { appArn, ChannelArn, bearer }, channel }: { place: Place; channel: Value<Channel | undefined> }) {
  const {
    Name,
    Mode,
    Privacy,
    Metadata,
    CreatedBy,
    CreatedTimestamp,
    LastMessageTimestamp,
    ChannelFlowArn,
    ElasticChannelConfiguration,
    ExpirationSettings,
  } = channel.content.value!
  const edit = () =>
    ask({
      title: 'Edit the channel',
      fields: [
        { name: 'Name', label: 'Name', isRequired: true, value: Name ?? '' },
        { name: 'Mode', label: 'Mode', kind: 'select', options: ['UNRESTRICTED', 'RESTRICTED'], value: Mode ?? '' },
        { name: 'Metadata', label: 'Metadata', kind: 'lines', value: Metadata ?? '' },
      ],
      action: 'Save',
      async act({ Name: name = '', Mode: mode, Metadata: metadata = '' }) {
        await call('UpdateChannel', { ChannelArn, Name: name, Mode: mode as 'RESTRICTED', Metadata: metadata, ChimeBearer: bearer })
        await channel.again()
        return 'Saved'
      },
    })
  const flow = () =>
    ask({
      title: ChannelFlowArn === undefined ? 'Use a channel flow' : 'Stop using the channel flow?',
      about:
        ChannelFlowArn === undefined ? (
          <p>New messages wait for its processor before others see them.</p>
        ) : (
          <p>New messages are sent at once again. Those that wait for the processor still do.</p>
        ),
      fields: ChannelFlowArn === undefined ? [{ name: 'arn', label: 'ARN of the flow', isRequired: true, isCode: true }] : [],
      action: ChannelFlowArn === undefined ? 'Use it' : 'Stop',
      async act({ arn = '' }) {
        if (ChannelFlowArn === undefined) await call('AssociateChannelFlow', { ChannelArn, ChannelFlowArn: arn, ChimeBearer: bearer })
        else await call('DisassociateChannelFlow', { ChannelArn, ChannelFlowArn, ChimeBearer: bearer })
        await channel.again()
        return 'Saved'
      },
    })
  const remove = () =>
    ask({
      title: `Delete ${shown(Name, { longest: 40 })}?`,
      about: <p>The channel, its messages and its memberships are deleted at once and for good.</p>,
      action: 'Delete for good',
      isDanger: true,
      async act() {
        await call('DeleteChannel', { ChannelArn, ChimeBearer: bearer })
        go(to('apps', appArn, 'channels'))
        return 'Deleted'
      },
    })
  return (
    <section class="card">
      <Facts
        facts={[
          ['Name', <Text value={Name} />],
          ['Privacy', Privacy?.toLowerCase()],
          ['Mode', Mode?.toLowerCase()],
          ['Metadata', <Text value={Metadata} />],
          ['Created by', <Text value={CreatedBy?.Name} />],
          ['Created', CreatedTimestamp && dateTime(CreatedTimestamp)],
          ['Last message', <Time at={LastMessageTimestamp} />],
          ['Channel flow', <Arn value={ChannelFlowArn} />],
          [
            'Elastic',
            ElasticChannelConfiguration
              ? `up to ${ElasticChannelConfiguration.MaximumSubChannels} sub-channels of ${ElasticChannelConfiguration.TargetMembershipsPerSubChannel} members`
              : 'no',
          ],
          [
            'Expires',
            ExpirationSettings
              ? `${ExpirationSettings.ExpirationDays} days after ${ExpirationSettings.ExpirationCriterion === 'CREATED_TIMESTAMP' ? 'its creation' : 'its last message'}`
              : 'never',
          ],
        ]}
      />
      <div class="buttons">
        <button type="button" onClick={edit}>
          Edit
        </button>
        <button type="button" onClick={flow}>
          {ChannelFlowArn === undefined ? 'Use a flow' : 'Stop the flow'}
        </button>
        <button type="button" class="danger" onClick={remove}>
          Delete
        </button>
      </div>
    </section>
  )
}
