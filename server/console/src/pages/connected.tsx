import { useList } from '../lists.ts'
import { Empty } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'
import { Id, Text, Time } from '../parts/texts.tsx'
import { to } from '../router.ts'
import { idOf, plural } from '../text.ts'

/** The users with an open socket, of an app instance or a channel, or one user, over all nodes. */
export function Connected({ arn, appArn, empty, heading }: { arn: string; appArn: string; empty: string; heading?: string }) {
  const list = useList('ListConnectedUsers', { ResourceARN: arn }, page => page.ConnectedUsers)
  return (
    <>
      <div class={heading === undefined ? 'toolbar' : 'heading'}>
        {heading !== undefined && <h2>{heading}</h2>}
        <button type="button" onClick={() => void list.again()}>
          Refresh
        </button>
      </div>
      <Table
        label="Connected users"
        list={list}
        keyOf={({ User }) => User?.Arn ?? ''}
        columns={[
          {
            name: 'Name',
            text: each => each.User?.Name,
            show: ({ User }) => (
              <a href={to('apps', appArn, 'users', idOf(User?.Arn))}>
                <Text value={User?.Name} />
              </a>
            ),
          },
          { name: 'Id', isBelow: true, text: each => each.User?.Arn, show: each => <Id value={each.User?.Arn} /> },
          {
            name: 'Since',
            width: '9rem',
            text: each => each.Connections?.[0]?.ConnectedTimestamp?.toISOString(),
            show: each => <Time at={each.Connections?.[0]?.ConnectedTimestamp} />,
          },
          {
            name: 'From',
            text: each => each.Connections?.map(({ SourceIp, NodeName }) => `${SourceIp} ${NodeName}`).join(', '),
            show: ({ Connections = [] }) => (
              <span class="two">
                <span>{plural(Connections.length, 'socket')}</span>
                <small>
                  <Text value={[...new Set(Connections.map(({ SourceIp, NodeName }) => `${SourceIp} on ${NodeName}`))].join(', ')} />
                </small>
              </span>
            ),
          },
        ]}
        empty={
          <Empty title={heading === undefined ? 'Nobody is connected' : 'Not connected'}>
            <p>{empty}</p>
          </Empty>
        }
      />
    </>
  )
}
