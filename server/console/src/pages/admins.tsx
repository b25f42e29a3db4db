import { actAs, actor } from '../acting.ts'
import { call } from '../api.ts'
import { useList } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { Empty } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'
import { Text, Arn } from '../parts/texts.tsx'
import { userArnOf } from '../text.ts'

export function Admins({ arn }: { arn: string }) {
  const list = useList('ListAppInstanceAdmins', { AppInstanceArn: arn }, page => page.AppInstanceAdmins)
  const add = () =>
    ask({
      title: 'Add an AppInstanceAdmin',
      about: <p>An AppInstanceAdmin sees all channels of the app instance and their messages, and may change and delete them.</p>,
      fields: [{ name: 'user', label: 'User id or ARN', isRequired: true }],
      action: 'Add',
      async act({ user }) {
        await call('CreateAppInstanceAdmin', { AppInstanceArn: arn, AppInstanceAdminArn: userArnOf(arn, user) })
        await list.again()
        return 'Added'
      },
    })
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
        <button type="button" class="primary" onClick={add}>
          Add an admin
        </button>
      </div>
      <Table
        label="AppInstanceAdmins"
        list={list}
        keyOf={({ Admin }) => Admin!.Arn!}
        columns={[
          { name: 'Name', text: each => each.Admin?.Name, show: each => <Text value={each.Admin?.Name} /> },
          { name: 'Id', text: each => each.Admin?.Arn, show: each => <Arn value={each.Admin?.Arn} /> },
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
            <p>The console lists and changes channels as an AppInstanceAdmin.</p>
          </Empty>
        }
      />
    </>
  )
}
