import type { ClientOutput } from '../../../src/contract/index.ts'
import { call } from '../api.ts'
import { useKept } from '../kept.ts'
import { requestToken, useList } from '../lists.ts'
import { AsActor } from '../parts/acting-as.tsx'
import { ask } from '../parts/dialog.tsx'
import { nameField, metadataField } from '../parts/field.tsx'
import { Empty } from '../parts/states.tsx'
import { Search, useFound } from '../parts/found.tsx'
import { Table } from '../parts/table.tsx'
import { Arn, Id, Text, Time } from '../parts/texts.tsx'
import { go, to } from '../router.ts'
import { idOf } from '../text.ts'

function ChannelList({ arn, bearer }: { arn: string; bearer: string }) {
  const text = useKept('search', '')
  const isByActivity = useKept('by activity', true)
  const list = useList('ListChannels', { AppInstanceArn: arn, ChimeBearer: bearer }, page => page.Channels)
  const found = useFound(list, text, ({ Name, ChannelArn }) => `${Name} ${ChannelArn}`, { isOn: isByActivity, compare: byActivity })
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
          ClientRequestToken: requestToken(),
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
        list={found}
        keyOf={({ ChannelArn }) => ChannelArn!}
        columns={[
          {
            name: 'Name',
            text: each => each.Name,
            show: each => (
              <a href={to('apps', arn, 'channels', idOf(each.ChannelArn))}>
                <Text value={each.Name} />
              </a>
            ),
          },
          { name: 'Id', isBelow: true, text: each => each.ChannelArn, show: each => <Id value={each.ChannelArn} /> },
          { name: 'Privacy', width: '6rem', isMinor: true, text: each => each.Privacy, show: each => each.Privacy?.toLowerCase() },
          { name: 'Mode', width: '8rem', isMinor: true, text: each => each.Mode, show: each => each.Mode?.toLowerCase() },
          {
            name: 'Last message',
            width: '9rem',
            text: each => each.LastMessageTimestamp?.toISOString(),
            show: each => <Time at={each.LastMessageTimestamp} />,
          },
        ]}
        empty={
          <Empty title="No channels">
            <p>
              Create one, or act as an AppInstanceAdmin: nobody else sees PRIVATE channels here. Those of a user are on the page of the
              user.
            </p>
          </Empty>
        }
      />
    </>
  )
}

type Channel = NonNullable<ClientOutput<'ListChannels'>['Channels']>[number]

const lastAt = ({ LastMessageTimestamp }: Channel) => LastMessageTimestamp?.getTime() ?? 0
const byActivity = (a: Channel, b: Channel) => lastAt(b) - lastAt(a)

export const Channels = ({ arn }: { arn: string }) => (
  <AsActor appArn={arn}>{bearer => <ChannelList key={bearer} arn={arn} bearer={bearer} />}</AsActor>
)
