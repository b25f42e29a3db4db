import { call } from '../api.ts'
import { useKept } from '../kept.ts'
import { useList } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { policyFields, policyIn } from '../parts/policy-fields.ts'
import { Empty } from '../parts/states.tsx'
import { Search, useFound } from '../parts/found.tsx'
import { Table } from '../parts/table.tsx'
import { Copy, Text, Time } from '../parts/texts.tsx'
import { to } from '../router.ts'

export const keyStatus = (Status: string | undefined) => (
  <span class={`badge ${Status === 'ENABLED' ? 'good' : ''}`}>{Status?.toLowerCase()}</span>
)

const secretOf = (AccessKeyId: string, SecretAccessKey: string) => (
  <>
    <p>This is the only time that the secret is shown. The server stores it encrypted, and the page does not store it.</p>
    <dl class="secret">
      <dt>Access key ID</dt>
      <dd>
        <code>{AccessKeyId}</code> <Copy text={AccessKeyId} label="Copy the id" />
      </dd>
      <dt>Secret access key</dt>
      <dd>
        <code>{SecretAccessKey}</code> <Copy text={SecretAccessKey} label="Copy the secret" />
      </dd>
    </dl>
  </>
)

export function AccessKeys() {
  const text = useKept('search', '')
  const list = useList('ListAccessKeys', {}, page => page.AccessKeys)
  const create = () =>
    ask({
      title: 'Create an access key',
      about: <p>For a back end or a script. Users of an app get temporary credentials from a role instead.</p>,
      fields: [{ name: 'UserName', label: 'Name', hint: 'The IAM user name of the key. Empty for the id of the key.' }, ...policyFields],
      action: 'Create',
      async act({ UserName = '', ...values }) {
        const made = await call('CreateAccessKey', { ...(UserName !== '' && { UserName }), ...policyIn(values) })
        void list.again()
        ask({
          title: 'The new access key',
          about: secretOf(made.AccessKeyId ?? '', made.SecretAccessKey ?? ''),
          action: 'Done',
          isDone: true,
          act: async () => {},
        })
      },
    })
  return (
    <>
      <div class="toolbar">
        <Search label="Name or id" value={text} />
        <button type="button" class="primary" onClick={create}>
          Create a key
        </button>
      </div>
      <Table
        label="Access keys"
        list={useFound(list, text, ({ UserName, AccessKeyId }) => `${UserName} ${AccessKeyId}`)}
        keyOf={({ AccessKeyId = '' }) => AccessKeyId}
        columns={[
          {
            name: 'Name',
            text: each => each.UserName,
            show: ({ UserName, AccessKeyId = '' }) => (
              <a href={to('access', 'keys', AccessKeyId)}>
                <Text value={UserName} longest={64} />
              </a>
            ),
          },
          {
            name: 'Access key ID',
            width: '13rem',
            isBelow: true,
            text: each => each.AccessKeyId,
            show: each => <code>{each.AccessKeyId}</code>,
          },
          { name: 'Status', width: '6rem', text: each => each.Status, show: each => keyStatus(each.Status) },
          {
            name: 'Created',
            width: '9rem',
            isMinor: true,
            text: each => each.CreatedTimestamp?.toISOString(),
            show: each => <Time at={each.CreatedTimestamp} />,
          },
        ]}
        empty={
          <Empty title="No access keys">
            <p>The root key is in the settings of the server. Create an access key for each program that calls the server.</p>
          </Empty>
        }
      />
    </>
  )
}
