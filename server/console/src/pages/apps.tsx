import { useSignal } from '@preact/signals'
import { call } from '../api.ts'
import { requestToken, useList } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { nameField, metadataField } from '../parts/field.tsx'
import { Page } from '../parts/page.tsx'
import { Empty } from '../parts/states.tsx'
import { Search, useFound } from '../parts/found.tsx'
import { Table } from '../parts/table.tsx'
import { Text, Arn } from '../parts/texts.tsx'
import { go, to } from '../router.ts'

const createApp = () =>
  ask({
    title: 'Create an app instance',
    about: <p>It holds the users and channels of one chat, apart from all other app instances.</p>,
    fields: [nameField(), metadataField()],
    action: 'Create',
    async act({ Name = '', Metadata = '' }) {
      const { AppInstanceArn = '' } = await call('CreateAppInstance', {
        Name,
        ...(Metadata !== '' && { Metadata }),
        ClientRequestToken: requestToken(),
      })
      go(to('apps', AppInstanceArn))
    },
  })

export function AppsPage() {
  const text = useSignal('')
  const list = useList('ListAppInstances', {}, page => page.AppInstances)
  return (
    <Page
      title="App instances"
      actions={
        <>
          <Search label="Name or ARN" value={text} />
          <button type="button" class="primary" onClick={createApp}>
            Create
          </button>
        </>
      }
    >
      <Table
        label="App instances"
        list={useFound(list, text, ({ Name, AppInstanceArn }) => `${Name} ${AppInstanceArn}`)}
        keyOf={({ AppInstanceArn }) => AppInstanceArn!}
        columns={[
          {
            name: 'Name',
            text: each => each.Name,
            show: each => (
              <a href={to('apps', each.AppInstanceArn!)}>
                <Text value={each.Name} />
              </a>
            ),
          },
          { name: 'ARN', isMinor: true, text: each => each.AppInstanceArn, show: each => <Arn value={each.AppInstanceArn} /> },
        ]}
        empty={
          <Empty title="No app instances">
            <p>Create one, and then users and channels in it.</p>
          </Empty>
        }
      />
    </Page>
  )
}
