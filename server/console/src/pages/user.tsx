import { useMemo } from 'preact/hooks'
import { actAs } from '../acting.ts'
import { call } from '../api.ts'
import { useAppName } from '../app-names.ts'
import { Value, useList } from '../lists.ts'
import { Connected } from './connected.tsx'
import { go, to } from '../router.ts'
import { dateTime, idOf, shown } from '../text.ts'
import { ask } from '../parts/dialog.tsx'
import { Facts, Missing, Page } from '../parts/page.tsx'
import { say } from '../parts/said.tsx'
import { Empty, Failure, Loading } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'
import { Id, Text, Time } from '../parts/texts.tsx'

export function UserPage({ appArn, id }: { appArn: string; id: string }) {
  const arn = `${appArn}/user/${id}`
  const user = useMemo(
    () => new Value(async () => (await call('DescribeAppInstanceUser', { AppInstanceUserArn: arn })).AppInstanceUser),
    [arn],
  )
  const memberships = useList('ListChannelMembershipsForAppInstanceUser', { ChimeBearer: arn }, page => page.ChannelMemberships)
  const devices = useMemo(
    () => new Value(async () => (await call('ListAppInstanceUserEndpoints', { AppInstanceUserArn: arn })).AppInstanceUserEndpoints),
    [arn],
  )
  const described = user.content.value
  const edit = () =>
    ask({
      title: 'Edit the user',
      fields: [
        { name: 'Name', label: 'Name', isRequired: true, value: described?.Name ?? '' },
        { name: 'Metadata', label: 'Metadata', kind: 'lines', value: described?.Metadata ?? '' },
      ],
      action: 'Save',
      async act({ Name = '', Metadata = '' }) {
        await call('UpdateAppInstanceUser', { AppInstanceUserArn: arn, Name, Metadata })
        await user.again()
        return 'Saved'
      },
    })
  const remove = () =>
    ask({
      title: `Delete ${shown(described?.Name, { longest: 40 })}?`,
      about: <p>The user leaves all channels, its sessions end and its devices are removed. Its messages stay.</p>,
      action: 'Delete',
      isDanger: true,
      async act() {
        await call('DeleteAppInstanceUser', { AppInstanceUserArn: arn })
        go(to('apps', appArn, 'users'))
        return 'Deleted'
      },
    })
  const crumbs = [
    { text: 'App instances', link: to('apps') },
    { text: useAppName(appArn), link: to('apps', appArn, 'users') },
  ]
  if (user.isMissing.value)
    return (
      <Missing what="user" crumbs={crumbs}>
        <Text value={arn} />
      </Missing>
    )
  return (
    <Page
      title={described?.Name ?? id}
      crumbs={crumbs}
      about={<Id value={arn} />}
      actions={
        <>
          <button
            type="button"
            onClick={() => {
              actAs(appArn, arn)
              say(`Acting as ${id}`)
            }}
          >
            Act as
          </button>
          <button type="button" onClick={edit}>
            Edit
          </button>
          <button type="button" class="danger" onClick={remove}>
            Delete
          </button>
        </>
      }
    >
      {user.error.value && <Failure text={user.error.value} again={() => void user.again()} />}
      {!described && !user.error.value && <Loading />}
      {described && (
        <section class="card">
          <Facts
            facts={[
              ['Name', <Text value={described.Name} />],
              ['Metadata', <Text value={described.Metadata ?? 'none'} longest={2000} />],
              ['Created', described.CreatedTimestamp && dateTime(described.CreatedTimestamp)],
              [
                'Expires',
                described.ExpirationSettings ? `${described.ExpirationSettings.ExpirationDays} days after its creation` : 'never',
              ],
              [
                'Devices',
                devices.content.value?.length
                  ? devices.content.value.map(({ Name, EndpointId, Type, EndpointState }) => (
                      <span key={EndpointId}>
                        <Text value={Name ?? EndpointId} /> ({Type}, {EndpointState?.Status?.toLowerCase()}){' '}
                      </span>
                    ))
                  : 'none',
              ],
            ]}
          />
        </section>
      )}
      <Connected heading="Sockets" arn={arn} appArn={appArn} empty="The user has no socket at the moment." />
      <h2>Channels of this user</h2>
      <Table
        label="Channels of the user"
        list={memberships}
        keyOf={({ ChannelSummary }) => ChannelSummary!.ChannelArn!}
        columns={[
          {
            name: 'Channel',
            text: each => each.ChannelSummary?.Name,
            show: each => (
              <a href={to('apps', appArn, 'channels', idOf(each.ChannelSummary?.ChannelArn))}>
                <Text value={each.ChannelSummary?.Name} />
              </a>
            ),
          },
          {
            name: 'State',
            width: '6rem',
            show: ({ ChannelSummary, AppInstanceUserMembershipSummary }) =>
              ChannelSummary?.LastMessageTimestamp &&
              ChannelSummary.LastMessageTimestamp > (AppInstanceUserMembershipSummary?.ReadMarkerTimestamp ?? new Date(0)) ? (
                <span class="badge accent">unread</span>
              ) : (
                <span class="faint">read</span>
              ),
          },
          {
            name: 'Last message',
            width: '9rem',
            isMinor: true,
            text: each => each.ChannelSummary?.LastMessageTimestamp?.toISOString(),
            show: each => <Time at={each.ChannelSummary?.LastMessageTimestamp} />,
          },
        ]}
        empty={
          <Empty title="No channels">
            <p>The user is not a member of any channel.</p>
          </Empty>
        }
      />
    </Page>
  )
}
