import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { actAs, actor, findActor } from '../acting.ts'
import { call, messageOf } from '../api.ts'
import { List, Value } from '../lists.ts'
import { go, to } from '../router.ts'
import { dateTime, idOf, shown } from '../text.ts'
import { Arn, ask, Copy, Empty, Facts, Failure, Loading, Page, Search, Table, Tabs, Text, Time, useFound } from '../ui.tsx'

const token = () => crypto.randomUUID()
const paging = (NextToken: string | undefined) => ({ MaxResults: 50, ...(NextToken !== undefined && { NextToken }) })
const nameField = (value = '') => ({ name: 'Name', label: 'Name', isRequired: true, value })
const metadataField = (value = '') => ({ name: 'Metadata', label: 'Metadata', kind: 'lines' as const, value })

/** The ARN of a user: it may be given by its id. */
export const userArnOf = (appArn: string, text = '') => (text.startsWith('arn:') ? text.trim() : `${appArn}/user/${text.trim()}`)

const createApp = () =>
  ask({
    title: 'Create an app instance',
    about: <p>It holds the users and channels of one chat, apart from all other app instances.</p>,
    fields: [nameField(), metadataField()],
    action: 'Create',
    async act({ Name = '', Metadata = '' }) {
      const { AppInstanceArn = '' } = await call('CreateAppInstance', {
        Name,
        ...(Metadata !== '' && { Metadata }),
        ClientRequestToken: token(),
      })
      go(to('apps', AppInstanceArn))
    },
  })

export function AppsPage() {
  const text = useSignal('')
  const list = useMemo(
    () =>
      new List(async NextToken => {
        const page = await call('ListAppInstances', paging(NextToken))
        return { items: page.AppInstances, token: page.NextToken }
      }),
    [],
  )
  return (
    <Page
      title="App instances"
      actions={
        <>
          <Search label="Name or ARN" value={text} />
          <button type="button" class="primary" onClick={createApp}>
            Create
          </button>
        </>
      }
    >
      <Table
        label="App instances"
        list={useFound(list, text, ({ Name, AppInstanceArn }) => `${Name} ${AppInstanceArn}`)}
        keyOf={({ AppInstanceArn }) => AppInstanceArn!}
        columns={[
          {
            name: 'Name',
            text: each => each.Name,
            show: each => (
              <a href={to('apps', each.AppInstanceArn!)}>
                <Text value={each.Name} />
              </a>
            ),
          },
          { name: 'ARN', isMinor: true, text: each => each.AppInstanceArn, show: each => <Arn value={each.AppInstanceArn} /> },
        ]}
        empty={
          <Empty title="No app instances">
            <p>Create one, and then users and channels in it.</p>
          </Empty>
        }
      />
    </Page>
  )
}

const parts = ['Channels', 'Users', 'Admins', 'Bots', 'Flows', 'Streams', 'Settings'] as const

export function AppPage({ arn, part }: { arn: string; part: string }) {
  const app = useMemo(() => new Value(async () => (await call('DescribeAppInstance', { AppInstanceArn: arn })).AppInstance), [arn])
  const name = app.content.value?.Name
  const current = parts.find(each => each.toLowerCase() === part) ?? 'Channels'
  return (
    <Page
      title={name ?? idOf(arn)}
      crumbs={[{ text: 'App instances', link: to('apps') }]}
      about={
        <p>
          <Arn value={arn} /> <Copy text={arn} label="Copy ARN" />
        </p>
      }
    >
      {app.error.value && <Failure text={app.error.value} />}
      <Tabs current={current} tabs={parts.map(each => [each, to('apps', arn, each.toLowerCase())] as const)} />
      {current === 'Channels' && <Channels arn={arn} />}
      {current === 'Users' && <Users arn={arn} />}
      {current === 'Admins' && <Admins arn={arn} />}
      {current === 'Bots' && <Bots arn={arn} />}
      {current === 'Flows' && <Flows arn={arn} />}
      {current === 'Streams' && <Streams arn={arn} />}
      {current === 'Settings' && app.content.value && <Settings arn={arn} app={app} />}
    </Page>
  )
}

/** Shows what needs somebody to act as, and who that is. */
export function AsActor({ appArn, children }: { appArn: string; children: (actor: string) => preact.ComponentChildren }) {
  const state = useSignal<'looking' | 'found' | 'none'>(actor(appArn) === undefined ? 'looking' : 'found')
  const error = useSignal('')
  useEffect(() => {
    findActor(appArn).then(
      found => (state.value = found === undefined ? 'none' : 'found'),
      (failure: unknown) => (error.value = messageOf(failure)),
    )
  }, [appArn])
  const current = actor(appArn)
  const choose = () =>
    ask({
      title: 'Act as another user',
      about: <p>Lists and changes are made as this user: an AppInstanceAdmin sees all channels, others see what their roles allow.</p>,
      fields: [{ name: 'user', label: 'User id or ARN', isRequired: true, value: current === undefined ? '' : idOf(current) }],
      action: 'Act as',
      async act({ user }) {
        const userArn = userArnOf(appArn, user)
        await call('DescribeAppInstanceUser', { AppInstanceUserArn: userArn })
        actAs(appArn, userArn)
        state.value = 'found'
      },
    })
  if (error.value) return <Failure text={error.value} />
  if (current !== undefined)
    return (
      <>
        <p class="acting">
          Acting as <Arn value={current} />{' '}
          <button type="button" class="small quiet" onClick={choose}>
            Change
          </button>
        </p>
        {children(current)}
      </>
    )
  if (state.value === 'looking') return <Loading />
  return (
    <Empty title="This app instance has no AppInstanceAdmin">
      <p>Channels are listed and changed as a user of the app instance. Make a user its AppInstanceAdmin, or act as a user.</p>
      <a class="button" href={to('apps', appArn, 'admins')}>
        Add an admin
      </a>{' '}
      <button type="button" onClick={choose}>
        Act as a user
      </button>
    </Empty>
  )
}

const Channels = ({ arn }: { arn: string }) => (
  <AsActor appArn={arn}>{bearer => <ChannelList key={bearer} arn={arn} bearer={bearer} />}</AsActor>
)

function ChannelList({ arn, bearer }: { arn: string; bearer: string }) {
  const text = useSignal('')
  const isByActivity = useSignal(true)
  const list = useMemo(
    () =>
      new List(async NextToken => {
        const page = await call('ListChannels', { AppInstanceArn: arn, ChimeBearer: bearer, ...paging(NextToken) })
        return { items: page.Channels, token: page.NextToken }
      }),
    [arn, bearer],
  )
  const found = useFound(list, text, ({ Name, ChannelArn }) => `${Name} ${ChannelArn}`)
  const items = isByActivity.value
    ? {
        value: found.items.value.toSorted((a, b) => (b.LastMessageTimestamp?.getTime() ?? 0) - (a.LastMessageTimestamp?.getTime() ?? 0)),
      }
    : found.items
  const create = () =>
    ask({
      title: 'Create a channel',
      about: (
        <p>
          Its creator <Arn value={bearer} /> becomes its member and moderator.
        </p>
      ),
      fields: [
        nameField(),
        { name: 'Privacy', label: 'Privacy', kind: 'select', options: ['PRIVATE', 'PUBLIC'], value: 'PRIVATE' },
        { name: 'Mode', label: 'Mode', kind: 'select', options: ['UNRESTRICTED', 'RESTRICTED'], value: 'UNRESTRICTED' },
        metadataField(),
      ],
      action: 'Create',
      async act({ Name = '', Privacy, Mode, Metadata = '' }) {
        const { ChannelArn } = await call('CreateChannel', {
          AppInstanceArn: arn,
          Name,
          Privacy: Privacy as 'PUBLIC',
          Mode: Mode as 'RESTRICTED',
          ...(Metadata !== '' && { Metadata }),
          ClientRequestToken: token(),
          ChimeBearer: bearer,
        })
        go(to('apps', arn, 'channels', idOf(ChannelArn)))
      },
    })
  return (
    <>
      <div class="toolbar">
        <Search label="Name or ARN" value={text} />
        <button type="button" aria-pressed={isByActivity.value} onClick={() => (isByActivity.value = !isByActivity.value)}>
          Last activity first
        </button>
        <button type="button" class="primary" onClick={create}>
          Create a channel
        </button>
      </div>
      <Table
        label="Channels"
        list={{ ...found, items: items as typeof found.items }}
        keyOf={({ ChannelArn }) => ChannelArn!}
        columns={[
          {
            name: 'Name',
            width: 'minmax(0, 2fr)',
            text: each => each.Name,
            show: each => (
              <a href={to('apps', arn, 'channels', idOf(each.ChannelArn))}>
                <Text value={each.Name} />
              </a>
            ),
          },
          { name: 'Privacy', width: '6rem', isMinor: true, text: each => each.Privacy, show: each => each.Privacy?.toLowerCase() },
          { name: 'Mode', width: '8rem', isMinor: true, text: each => each.Mode, show: each => each.Mode?.toLowerCase() },
          {
            name: 'Last message',
            width: '9rem',
            text: each => each.LastMessageTimestamp?.toISOString(),
            show: each => <Time at={each.LastMessageTimestamp} />,
          },
          { name: 'ARN', isMinor: true, text: each => each.ChannelArn, show: each => <Arn value={each.ChannelArn} /> },
        ]}
        empty={
          <Empty title="No channels">
            <p>Create one, or look for another name.</p>
          </Empty>
        }
      />
    </>
  )
}

function Users({ arn }: { arn: string }) {
  const text = useSignal('')
  const list = useMemo(
    () =>
      new List(async NextToken => {
        const page = await call('ListAppInstanceUsers', { AppInstanceArn: arn, ...paging(NextToken) })
        return { items: page.AppInstanceUsers, token: page.NextToken }
      }),
    [arn],
  )
  const create = () =>
    ask({
      title: 'Create a user',
      fields: [
        { name: 'AppInstanceUserId', label: 'User id', isRequired: true, hint: 'It becomes the end of the ARN and cannot be changed.' },
        nameField(),
        metadataField(),
      ],
      action: 'Create',
      async act({ AppInstanceUserId = '', Name = '', Metadata = '' }) {
        await call('CreateAppInstanceUser', {
          AppInstanceArn: arn,
          AppInstanceUserId,
          Name,
          ...(Metadata !== '' && { Metadata }),
          ClientRequestToken: token(),
        })
        await list.again()
        return `${Name} is created`
      },
    })
  const find = () =>
    ask({
      title: 'Go to a user',
      fields: [{ name: 'user', label: 'User id or ARN', isRequired: true }],
      action: 'Go',
      async act({ user }) {
        const AppInstanceUserArn = userArnOf(arn, user)
        await call('DescribeAppInstanceUser', { AppInstanceUserArn })
        go(to('apps', arn, 'users', idOf(AppInstanceUserArn)))
      },
    })
  return (
    <>
      <div class="toolbar">
        <Search label="Name or id, among those read" value={text} />
        <button type="button" onClick={find}>
          Go to an id
        </button>
        <button type="button" class="primary" onClick={create}>
          Create a user
        </button>
      </div>
      <Table
        label="Users"
        list={useFound(list, text, ({ Name, AppInstanceUserArn }) => `${Name} ${AppInstanceUserArn}`)}
        keyOf={({ AppInstanceUserArn }) => AppInstanceUserArn!}
        columns={[
          {
            name: 'Name',
            text: each => each.Name,
            show: each => (
              <a href={to('apps', arn, 'users', idOf(each.AppInstanceUserArn))}>
                <Text value={each.Name} />
              </a>
            ),
          },
          { name: 'Id', text: each => each.AppInstanceUserArn, show: each => <Arn value={each.AppInstanceUserArn} /> },
          { name: 'Metadata', isMinor: true, text: each => each.Metadata, show: each => <Text value={each.Metadata} longest={80} /> },
        ]}
        empty={
          <Empty title="No users">
            <p>Create one, or look for another name.</p>
          </Empty>
        }
      />
    </>
  )
}

function Admins({ arn }: { arn: string }) {
  const list = useMemo(
    () =>
      new List(async NextToken => {
        const page = await call('ListAppInstanceAdmins', { AppInstanceArn: arn, ...paging(NextToken) })
        return { items: page.AppInstanceAdmins, token: page.NextToken }
      }),
    [arn],
  )
  const add = () =>
    ask({
      title: 'Add an AppInstanceAdmin',
      about: <p>An AppInstanceAdmin sees all channels of the app instance and their messages, and may change and delete them.</p>,
      fields: [{ name: 'user', label: 'User id or ARN', isRequired: true }],
      action: 'Add',
      async act({ user }) {
        await call('CreateAppInstanceAdmin', { AppInstanceArn: arn, AppInstanceAdminArn: userArnOf(arn, user) })
        await list.again()
        return 'Added'
      },
    })
  const remove = (AppInstanceAdminArn: string) =>
    ask({
      title: 'Remove this AppInstanceAdmin?',
      about: <p>The user stays, with its memberships, and loses the rights of an AppInstanceAdmin.</p>,
      action: 'Remove',
      isDanger: true,
      async act() {
        await call('DeleteAppInstanceAdmin', { AppInstanceArn: arn, AppInstanceAdminArn })
        if (actor(arn) === AppInstanceAdminArn) actAs(arn, undefined)
        await list.again()
        return 'Removed'
      },
    })
  return (
    <>
      <div class="toolbar">
        <button type="button" class="primary" onClick={add}>
          Add an admin
        </button>
      </div>
      <Table
        label="AppInstanceAdmins"
        list={list}
        keyOf={({ Admin }) => Admin!.Arn!}
        columns={[
          { name: 'Name', text: each => each.Admin?.Name, show: each => <Text value={each.Admin?.Name} /> },
          { name: 'Id', text: each => each.Admin?.Arn, show: each => <Arn value={each.Admin?.Arn} /> },
          {
            name: 'Change',
            width: '6rem',
            show: each => (
              <button type="button" class="small danger" onClick={() => remove(each.Admin!.Arn!)}>
                Remove
              </button>
            ),
          },
        ]}
        empty={
          <Empty title="No AppInstanceAdmins">
            <p>An AppInstanceAdmin is who this console acts as when it lists and changes channels.</p>
          </Empty>
        }
      />
    </>
  )
}

function Bots({ arn }: { arn: string }) {
  const list = useMemo(
    () =>
      new List(async NextToken => {
        const page = await call('ListAppInstanceBots', { AppInstanceArn: arn, ...paging(NextToken) })
        return { items: page.AppInstanceBots, token: page.NextToken }
      }),
    [arn],
  )
  const create = () =>
    ask({
      title: 'Create a bot',
      about: <p>A bot alias of Lex answers for it, or what the destinations file names for that ARN.</p>,
      fields: [
        nameField(),
        { name: 'alias', label: 'ARN of the bot alias', isRequired: true, isCode: true },
        { name: 'locale', label: 'Locale', isRequired: true, value: 'en_US' },
        {
          name: 'standard',
          label: 'Answers standard messages',
          kind: 'select',
          options: ['MENTIONS', 'ALL', 'AUTO', 'NONE'],
          value: 'MENTIONS',
        },
        { name: 'targeted', label: 'Answers targeted messages', kind: 'select', options: ['ALL', 'NONE'], value: 'ALL' },
      ],
      action: 'Create',
      async act({ Name = '', alias = '', locale = '', standard, targeted }) {
        const InvokedBy = { StandardMessages: standard as 'ALL', TargetedMessages: targeted as 'ALL' }
        const Configuration = { Lex: { LexBotAliasArn: alias, LocaleId: locale, InvokedBy } }
        await call('CreateAppInstanceBot', { AppInstanceArn: arn, Name, Configuration, ClientRequestToken: token() })
        await list.again()
        return `${Name} is created`
      },
    })
  const remove = (AppInstanceBotArn: string) =>
    ask({
      title: 'Delete this bot?',
      about: <p>It leaves all channels and answers nothing any more. Its messages stay.</p>,
      action: 'Delete',
      isDanger: true,
      async act() {
        await call('DeleteAppInstanceBot', { AppInstanceBotArn })
        await list.again()
        return 'Deleted'
      },
    })
  return (
    <>
      <div class="toolbar">
        <button type="button" class="primary" onClick={create}>
          Create a bot
        </button>
      </div>
      <Table
        label="Bots"
        list={list}
        keyOf={({ AppInstanceBotArn }) => AppInstanceBotArn!}
        columns={[
          { name: 'Name', text: each => each.Name, show: each => <Text value={each.Name} /> },
          { name: 'ARN', text: each => each.AppInstanceBotArn, show: each => <Arn value={each.AppInstanceBotArn} /> },
          {
            name: 'Change',
            width: '6rem',
            show: each => (
              <button type="button" class="small danger" onClick={() => remove(each.AppInstanceBotArn!)}>
                Delete
              </button>
            ),
          },
        ]}
        empty={
          <Empty title="No bots">
            <p>A bot is a member of channels that answers messages.</p>
          </Empty>
        }
      />
    </>
  )
}

function Flows({ arn }: { arn: string }) {
  const list = useMemo(
    () =>
      new List(async NextToken => {
        const page = await call('ListChannelFlows', { AppInstanceArn: arn, ...paging(NextToken) })
        return { items: page.ChannelFlows, token: page.NextToken }
      }),
    [arn],
  )
  const create = () =>
    ask({
      title: 'Create a channel flow',
      about: <p>Messages of the channels that use it wait for the answer of its processor.</p>,
      fields: [
        nameField(),
        { name: 'function', label: 'ARN of the Lambda function', isRequired: true, isCode: true },
        {
          name: 'fallback',
          label: 'If the processor does not answer',
          kind: 'select',
          options: [
            ['ABORT', 'the message is denied'],
            ['CONTINUE', 'the message is sent'],
          ],
          value: 'ABORT',
        },
      ],
      action: 'Create',
      async act({ Name = '', function: ResourceArn = '', fallback }) {
        const Configuration = { Lambda: { ResourceArn, InvocationType: 'ASYNC' as const } }
        const Processors = [{ Name: 'processor', Configuration, ExecutionOrder: 1, FallbackAction: fallback as 'ABORT' }]
        await call('CreateChannelFlow', { AppInstanceArn: arn, Name, Processors, ClientRequestToken: token() })
        await list.again()
        return `${Name} is created`
      },
    })
  const remove = (ChannelFlowArn: string) =>
    ask({
      title: 'Delete this channel flow?',
      about: <p>It must not be used by a channel any more: the channels that use it keep it until they are disassociated.</p>,
      action: 'Delete',
      isDanger: true,
      async act() {
        await call('DeleteChannelFlow', { ChannelFlowArn })
        await list.again()
        return 'Deleted'
      },
    })
  return (
    <>
      <div class="toolbar">
        <button type="button" class="primary" onClick={create}>
          Create a flow
        </button>
      </div>
      <Table
        label="Channel flows"
        list={list}
        keyOf={({ ChannelFlowArn }) => ChannelFlowArn!}
        columns={[
          { name: 'Name', text: each => each.Name, show: each => <Text value={each.Name} /> },
          {
            name: 'Processors',
            isMinor: true,
            text: each => each.Processors?.map(({ Configuration }) => Configuration?.Lambda?.ResourceArn).join(' '),
            show: each => <Text value={each.Processors?.map(({ Name }) => Name).join(', ')} />,
          },
          { name: 'ARN', isMinor: true, text: each => each.ChannelFlowArn, show: each => <Arn value={each.ChannelFlowArn} /> },
          {
            name: 'Change',
            width: '6rem',
            show: each => (
              <button type="button" class="small danger" onClick={() => remove(each.ChannelFlowArn!)}>
                Delete
              </button>
            ),
          },
        ]}
        empty={
          <Empty title="No channel flows">
            <p>A channel flow lets a function of yours change or deny the messages of a channel before others see them.</p>
          </Empty>
        }
      />
    </>
  )
}

function Streams({ arn }: { arn: string }) {
  const list = useMemo(
    () =>
      new List(async () => {
        try {
          const { StreamingConfigurations } = await call('GetMessagingStreamingConfigurations', { AppInstanceArn: arn })
          return { items: StreamingConfigurations, token: undefined }
        } catch (failure) {
          if ((failure as Error).name === 'NotFoundException') return { items: [], token: undefined }
          throw failure
        }
      }),
    [arn],
  )
  const put = () =>
    ask({
      title: 'Stream to a destination',
      about: <p>Every message, or every change of a channel, is sent to this stream too. It replaces the present streams.</p>,
      fields: [
        { name: 'DataType', label: 'What', kind: 'select', options: ['ChannelMessage', 'Channel'], value: 'ChannelMessage' },
        { name: 'ResourceArn', label: 'ARN of the stream', isRequired: true, isCode: true, hint: 'Its name begins with chime-messaging-.' },
      ],
      action: 'Save',
      async act({ DataType, ResourceArn = '' }) {
        const StreamingConfigurations = [{ DataType: DataType as 'Channel', ResourceArn }]
        await call('PutMessagingStreamingConfigurations', { AppInstanceArn: arn, StreamingConfigurations })
        await list.again()
        return 'Saved'
      },
    })
  const remove = () =>
    ask({
      title: 'Stop streaming?',
      about: <p>Nothing is sent to the streams of this app instance any more. What waits in the outbox is still delivered.</p>,
      action: 'Stop',
      isDanger: true,
      async act() {
        await call('DeleteMessagingStreamingConfigurations', { AppInstanceArn: arn })
        await list.again()
        return 'Stopped'
      },
    })
  return (
    <>
      <div class="toolbar">
        <button type="button" onClick={remove}>
          Stop streaming
        </button>
        <button type="button" class="primary" onClick={put}>
          Set a stream
        </button>
      </div>
      <Table
        label="Streams"
        list={list}
        keyOf={({ DataType }) => DataType}
        columns={[
          { name: 'What', width: '10rem', text: each => each.DataType, show: each => each.DataType },
          { name: 'Stream', text: each => each.ResourceArn, show: each => <Arn value={each.ResourceArn} /> },
        ]}
        empty={
          <Empty title="No streams">
            <p>
              A stream receives every message of the app instance, for archives and analyses. Its state is in the{' '}
              <a href={to('outbox')}>outbox</a>.
            </p>
          </Empty>
        }
      />
    </>
  )
}

type Described = NonNullable<Awaited<ReturnType<typeof call<'DescribeAppInstance'>>>['AppInstance']>

function Settings({ arn, app }: { arn: string; app: Value<Described | undefined> }) {
  const described = app.content.value!
  const retention = useMemo(() => new Value(() => call('GetAppInstanceRetentionSettings', { AppInstanceArn: arn })), [arn])
  const days = retention.content.value?.AppInstanceRetentionSettings?.ChannelRetentionSettings?.RetentionDays
  const edit = () =>
    ask({
      title: 'Edit the app instance',
      fields: [nameField(described.Name), metadataField(described.Metadata)],
      action: 'Save',
      async act({ Name = '', Metadata = '' }) {
        await call('UpdateAppInstance', { AppInstanceArn: arn, Name, Metadata })
        await app.again()
        return 'Saved'
      },
    })
  const retain = () =>
    ask({
      title: 'Keep messages for how long?',
      about: <p>Older messages are deleted for good, in all channels of the app instance. Without a number they are kept.</p>,
      fields: [{ name: 'days', label: 'Days', kind: 'number', value: days === undefined ? '' : String(days) }],
      action: 'Save',
      isDanger: true,
      async act({ days: text = '' }) {
        const ChannelRetentionSettings = text === '' ? {} : { RetentionDays: Number(text) }
        await call('PutAppInstanceRetentionSettings', { AppInstanceArn: arn, AppInstanceRetentionSettings: { ChannelRetentionSettings } })
        await retention.again()
        return 'Saved'
      },
    })
  const remove = () =>
    ask({
      title: `Delete ${shown(described.Name, { longest: 40 })}?`,
      about: <p>All its users, channels, messages, bots, flows and streams are deleted with it, at once and for good.</p>,
      fields: [{ name: 'confirm', label: 'Its id, to confirm', isRequired: true, hint: idOf(arn), isCode: true }],
      action: 'Delete for good',
      isDanger: true,
      async act({ confirm }) {
        if (confirm?.trim() !== idOf(arn)) throw new Error('This is not the id of the app instance.')
        await call('DeleteAppInstance', { AppInstanceArn: arn })
        go(to('apps'))
        return 'Deleted'
      },
    })
  return (
    <section class="card">
      <Facts
        facts={[
          ['Name', <Text value={described.Name} />],
          ['Metadata', <Text value={described.Metadata} />],
          ['ARN', <Arn value={arn} />],
          ['Created', described.CreatedTimestamp && dateTime(described.CreatedTimestamp)],
          ['Changed', <Time at={described.LastUpdatedTimestamp} />],
          ['Messages are kept', days === undefined ? 'for ever' : `for ${days} days`],
        ]}
      />
      <div class="buttons">
        <button type="button" onClick={edit}>
          Edit
        </button>
        <button type="button" onClick={retain}>
          Retention
        </button>
        <button type="button" class="danger" onClick={remove}>
          Delete
        </button>
      </div>
    </section>
  )
}
