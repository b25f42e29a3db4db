import { actAs, actor } from '../acting.ts'
import { call } from '../api.ts'
import { useList } from '../lists.ts'
import { addAdmin } from '../parts/add-admin.tsx'
import { ask } from '../parts/dialog.tsx'
import { Empty } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'
import { Id, Text } from '../parts/texts.tsx'

export function Admins({ arn }: { arn: string }) {
  const list = useList('ListAppInstanceAdmins', { AppInstanceArn: arn }, page => page.AppInstanceAdmins)
  const remove = (AppInstanceAdminArn: string) =>
    ask({
      title: 'Remove this AppInstanceAdmin?',
      about: <p>The user stays, with its memberships, and loses the rights of an AppInstanceAdmin.</p>,
      action: 'Remove',
      isDanger: true,
      async act() {
        await call('DeleteAppInstanceAdmin', { AppInstanceArn: arn, AppInstanceAdminArn })
        if (actor(arn) === AppInstanceAdminArn) actAs(arn, undefined)
        await list.again()
        return 'Removed'
      },
    })
  return (
    <>
      <div class="toolbar">
        <button type="button" class="primary" onClick={() => addAdmin(arn, async () => list.again())}>
          Add an admin
        </button>
      </div>
      <Table
        label="AppInstanceAdmins"
        list={list}
        keyOf={({ Admin }) => Admin!.Arn!}
        columns={[
          { name: 'Name', text: each => each.Admin?.Name, show: each => <Text value={each.Admin?.Name} /> },
          { name: 'Id', isBelow: true, text: each => each.Admin?.Arn, show: each => <Id value={each.Admin?.Arn} /> },
          {
            name: 'Change',
            width: '6rem',
            show: each => (
              <button type="button" class="small danger" onClick={() => remove(each.Admin!.Arn!)}>
                Remove
              </button>
            ),
          },
        ]}
        empty={
          <Empty title="No AppInstanceAdmins">
            <p>The console lists and changes channels as an AppInstanceAdmin. Add one to see all channels.</p>
          </Empty>
        }
      />
    </>
  )
}
