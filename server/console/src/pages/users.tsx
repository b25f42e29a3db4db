import { call } from '../api.ts'
import { useKept } from '../kept.ts'
import { requestToken, useList } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { nameField, metadataField } from '../parts/field.tsx'
import { Empty } from '../parts/states.tsx'
import { userField } from '../parts/user-field.ts'
import { Search, useFound } from '../parts/found.tsx'
import { Table } from '../parts/table.tsx'
import { Id, Text } from '../parts/texts.tsx'
import { go, to } from '../router.ts'
import { idOf, userArnOf } from '../text.ts'

export function Users({ arn }: { arn: string }) {
  const text = useKept('search', '')
  const list = useList('ListAppInstanceUsers', { AppInstanceArn: arn }, page => page.AppInstanceUsers)
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
          ClientRequestToken: requestToken(),
        })
        await list.again()
        return `${Name} is created`
      },
    })
  const find = () =>
    ask({
      title: 'Go to a user',
      fields: [userField(arn)],
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
        <Search label="Name or id" value={text} />
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
          { name: 'Id', isBelow: true, text: each => each.AppInstanceUserArn, show: each => <Id value={each.AppInstanceUserArn} /> },
          { name: 'Metadata', isMinor: true, text: each => each.Metadata, show: each => <Text value={each.Metadata} longest={80} /> },
        ]}
        empty={
          <Empty title="No users">
            <p>Create one here, or by CreateAppInstanceUser in your back end.</p>
          </Empty>
        }
      />
    </>
  )
}
