import { call } from '../api.ts'
import { useKept } from '../kept.ts'
import { useList } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { policyFields, policyIn } from '../parts/policy-fields.ts'
import { Empty } from '../parts/states.tsx'
import { Search, useFound } from '../parts/found.tsx'
import { Table } from '../parts/table.tsx'
import { Text, Time } from '../parts/texts.tsx'
import { go, to } from '../router.ts'
import { trustFields, trustIn } from './trust.ts'

const create = () =>
  ask({
    title: 'Create a role',
    about: <p>Its temporary credentials are for users of an app: a back end assumes the role for them, or they log in.</p>,
    fields: [{ name: 'RoleName', label: 'Name', isRequired: true }, ...policyFields, ...trustFields()],
    action: 'Create',
    async act({ RoleName = '', ...values }) {
      await call('CreateIamRole', { RoleName: RoleName.trim(), ...policyIn(values), ...trustIn(values) })
      go(to('access', 'roles', RoleName.trim()))
    },
  })

export function Roles() {
  const text = useKept('search', '')
  const list = useList('ListIamRoles', {}, page => page.IamRoles)
  return (
    <>
      <div class="toolbar">
        <Search label="Name" value={text} />
        <button type="button" class="primary" onClick={create}>
          Create a role
        </button>
      </div>
      <Table
        label="Roles"
        list={useFound(list, text, ({ RoleName = '' }) => RoleName)}
        keyOf={({ RoleName = '' }) => RoleName}
        columns={[
          {
            name: 'Name',
            text: each => each.RoleName,
            show: ({ RoleName = '' }) => (
              <a href={to('access', 'roles', RoleName)}>
                <Text value={RoleName} longest={64} />
              </a>
            ),
          },
          { name: 'ARN', isMinor: true, text: each => each.RoleArn, show: each => <Text value={each.RoleArn} /> },
          {
            name: 'Changed',
            width: '9rem',
            text: each => each.LastUpdatedTimestamp?.toISOString(),
            show: each => <Time at={each.LastUpdatedTimestamp} />,
          },
        ]}
        empty={
          <Empty title="No roles">
            <p>A role gives temporary credentials to those it trusts: access keys, and logins of an OpenID issuer.</p>
          </Empty>
        }
      />
    </>
  )
}
