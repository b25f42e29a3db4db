import { call } from '../api.ts'
import { requestToken, useList } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { nameField } from '../parts/field.tsx'
import { Empty } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'
import { Id, Text } from '../parts/texts.tsx'

export function Bots({ arn }: { arn: string }) {
  const list = useList('ListAppInstanceBots', { AppInstanceArn: arn }, page => page.AppInstanceBots)
  const create = () =>
    ask({
      title: 'Create a bot',
      about: <p>A bot alias of Lex answers for it, or the webhook of that ARN in the file of --destinations.</p>,
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
        await call('CreateAppInstanceBot', { AppInstanceArn: arn, Name, Configuration, ClientRequestToken: requestToken() })
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
          { name: 'Id', isBelow: true, text: each => each.AppInstanceBotArn, show: each => <Id value={each.AppInstanceBotArn} /> },
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
            <p>A bot answers messages in the channels that it is a member of. Create one for a Lex bot or for a webhook of yours.</p>
          </Empty>
        }
      />
    </>
  )
}
