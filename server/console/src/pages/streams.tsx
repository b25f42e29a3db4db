import { useMemo } from 'preact/hooks'
import { call } from '../api.ts'
import { List } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { Empty } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'
import { Id } from '../parts/texts.tsx'
import { to } from '../router.ts'

export function Streams({ arn }: { arn: string }) {
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
      about: <p>Every message, or every change of a channel, is sent to this stream. It replaces the present streams.</p>,
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
      about: <p>Nothing more is sent to the streams of this app instance. Records in the outbox are still delivered.</p>,
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
        {list.items.value.length > 0 && (
          <button type="button" onClick={remove}>
            Stop streaming
          </button>
        )}
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
          { name: 'Stream', text: each => each.ResourceArn, show: each => <Id value={each.ResourceArn} /> },
        ]}
        empty={
          <Empty title="No streams">
            <p>
              A stream receives every message of the app instance, for archives and analyses. Its figures are in the{' '}
              <a href={to('outbox')}>outbox</a>.
            </p>
          </Empty>
        }
      />
    </>
  )
}
