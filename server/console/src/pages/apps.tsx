import { call } from '../api.ts'
import { useKept } from '../kept.ts'
import { requestToken, useList } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { nameField, metadataField } from '../parts/field.tsx'
import { Page } from '../parts/page.tsx'
import { Empty } from '../parts/states.tsx'
import { Search, useFound } from '../parts/found.tsx'
import { Table } from '../parts/table.tsx'
import { Id, Text } from '../parts/texts.tsx'
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

/** ListAppInstances needs permission for all app instances; with a key of one of them, this is the way to it. */
const openByArn = () =>
  ask({
    title: 'Open an app instance',
    fields: [{ name: 'arn', label: 'ARN of the app instance', isRequired: true, isCode: true }],
    action: 'Open',
    async act({ arn = '' }) {
      const AppInstanceArn = arn.trim()
      await call('DescribeAppInstance', { AppInstanceArn })
      go(to('apps', AppInstanceArn))
    },
  })

export function AppsPage() {
  const text = useKept('search', '')
  const list = useList('ListAppInstances', {}, page => page.AppInstances)
  return (
    <Page
      title="App instances"
      about={<p>Each holds the users and channels of one chat. Names need not differ; ids do.</p>}
      actions={
        <>
          <Search label="Name or ARN" value={text} />
          <button type="button" onClick={openByArn}>
            Open an ARN
          </button>
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
          { name: 'Id', isBelow: true, text: each => each.AppInstanceArn, show: each => <Id value={each.AppInstanceArn} /> },
          { name: 'Metadata', isMinor: true, text: each => each.Metadata, show: each => <Text value={each.Metadata} longest={80} /> },
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
