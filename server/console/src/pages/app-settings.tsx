import { useMemo } from 'preact/hooks'
import { call } from '../api.ts'
import { Value } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { nameField, metadataField } from '../parts/field.tsx'
import { Facts } from '../parts/page.tsx'
import { Id, Text, Time } from '../parts/texts.tsx'
import { go, to } from '../router.ts'
import { dateTime, idOf, plural, shown } from '../text.ts'

type Described = NonNullable<Awaited<ReturnType<typeof call<'DescribeAppInstance'>>>['AppInstance']>

export function Settings({ arn, app }: { arn: string; app: Value<Described | undefined> }) {
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
      about: <p>Older messages are deleted for good, in all channels of the app instance. Without a number, messages are not deleted.</p>,
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
      about: <p>All its users, channels, messages, bots, flows and streams are deleted with it, immediately and for good.</p>,
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
          ['Metadata', <Text value={described.Metadata ?? 'none'} longest={2000} />],
          ['Id', <Id value={arn} />],
          ['Created', described.CreatedTimestamp && dateTime(described.CreatedTimestamp)],
          ['Changed', <Time at={described.LastUpdatedTimestamp} />],
          ['Messages are stored', days === undefined ? 'for ever' : `for ${plural(days, 'day')}`],
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
