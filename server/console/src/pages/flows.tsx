import { call } from '../api.ts'
import { requestToken, useList } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { nameField } from '../parts/field.tsx'
import { Empty } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'
import { Id, Text } from '../parts/texts.tsx'

export function Flows({ arn }: { arn: string }) {
  const list = useList('ListChannelFlows', { AppInstanceArn: arn }, page => page.ChannelFlows)
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
        await call('CreateChannelFlow', { AppInstanceArn: arn, Name, Processors, ClientRequestToken: requestToken() })
        await list.again()
        return `${Name} is created`
      },
    })
  const remove = (ChannelFlowArn: string) =>
    ask({
      title: 'Delete this channel flow?',
      about: <p>This fails while channels use the flow: disassociate it from them first.</p>,
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
          { name: 'Id', isBelow: true, text: each => each.ChannelFlowArn, show: each => <Id value={each.ChannelFlowArn} /> },
          {
            name: 'Processors',
            isMinor: true,
            text: each => each.Processors?.map(({ Configuration }) => Configuration?.Lambda?.ResourceArn).join(' '),
            show: each => <Text value={each.Processors?.map(({ Name }) => Name).join(', ')} />,
          },
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
            <p>With a channel flow a function of yours can change or deny the messages of a channel before others see them.</p>
          </Empty>
        }
      />
    </>
  )
}
