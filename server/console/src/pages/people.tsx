import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import { call } from '../api.ts'
import { List, paging } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { Empty } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'
import { Id, Text } from '../parts/texts.tsx'
import { userField } from '../parts/user-field.ts'
import { to } from '../router.ts'
import { idOf, shown, userArnOf } from '../text.ts'
import type { Place } from './channel.tsx'

/** A list of users and bots of a channel: members, moderators, or those that are banned. */
interface PeopleOf {
  readonly label: string
  readonly load: (
    token: string | undefined,
  ) => Promise<{ items: readonly { Arn?: string; Name?: string }[] | undefined; token: string | undefined }>
  readonly add: { readonly label: string; readonly about: string; readonly act: (arn: string) => Promise<unknown> }
  readonly remove: { readonly label: string; readonly about: string; readonly act: (arn: string) => Promise<unknown> }
  readonly empty: string
}

function People({
  place: { appArn },
  of: { label, load, add, remove, empty },
  tools,
}: {
  place: Place
  of: PeopleOf
  tools?: ComponentChildren
}) {
  const list = useMemo(() => new List(load), [label, appArn])
  const insert = () =>
    ask({
      title: add.label,
      about: <p>{add.about}</p>,
      fields: [userField(appArn)],
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
        {tools}
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
          { name: 'Id', isBelow: true, text: each => each.Arn, show: each => <Id value={each.Arn} /> },
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

export function Members({ place }: { place: Place }) {
  const { ChannelArn, bearer } = place
  const hidden = useSignal(false)
  const Type = hidden.value ? ('HIDDEN' as const) : ('DEFAULT' as const)
  return (
    <People
      key={Type}
      place={place}
      tools={
        <button type="button" aria-pressed={hidden.value} onClick={() => (hidden.value = !hidden.value)}>
          Hidden members
        </button>
      }
      of={{
        label: hidden.value ? 'Hidden members' : 'Members',
        async load(token) {
          const page = await call('ListChannelMemberships', { ChannelArn, Type, ChimeBearer: bearer, ...paging(token) })
          return { items: page.ChannelMemberships?.map(({ Member }) => Member ?? {}), token: page.NextToken }
        },
        add: {
          label: 'Add',
          about: 'The new member sees all messages of the channel, including those from before it joined.',
          act: async MemberArn => call('CreateChannelMembership', { ChannelArn, MemberArn, Type, ChimeBearer: bearer }),
        },
        remove: {
          label: 'Remove',
          about: 'The member does not see the channel any more, unless it is added again. Its messages stay.',
          act: async MemberArn => call('DeleteChannelMembership', { ChannelArn, MemberArn, ChimeBearer: bearer }),
        },
        empty: hidden.value
          ? 'Hidden members read the channel without being listed among its members. Add one here.'
          : 'Add the first member.',
      }}
    />
  )
}

export const Moderators = ({ place }: { place: Place }) => (
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
      empty: 'Only AppInstanceAdmins can manage this channel until you add a moderator.',
    }}
  />
)

export const Bans = ({ place }: { place: Place }) => (
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
