import { call } from '../api.ts'
import { Value } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { Facts } from '../parts/page.tsx'
import { Id, Text, Time } from '../parts/texts.tsx'
import { go, to } from '../router.ts'
import { dateTime, shown } from '../text.ts'
import type { Channel, Place } from './channel.tsx'

export function Settings({ place: { appArn, ChannelArn, bearer }, channel }: { place: Place; channel: Value<Channel | undefined> }) {
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
          <p>New messages are sent immediately again. Messages that wait for the processor still do.</p>
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
      about: <p>The channel, its messages and its memberships are deleted immediately and for good.</p>,
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
          ['Metadata', <Text value={Metadata ?? 'none'} longest={2000} />],
          ['Id', <Id value={ChannelArn} />],
          ['Created by', <Text value={CreatedBy?.Name} />],
          ['Created', CreatedTimestamp && dateTime(CreatedTimestamp)],
          ['Last message', <Time at={LastMessageTimestamp} />],
          ['Channel flow', <Id value={ChannelFlowArn} />],
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
