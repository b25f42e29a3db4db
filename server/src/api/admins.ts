import type { Handlers } from '../call.ts'
import { notFound } from '../errors.ts'
import { findIdentity, holdIdentity, identity, requireIdentity } from '../domain/identities.ts'
import { checkCount, holdAppInstance } from '../domain/counts.ts'
import { countAdmins, deleteAdmin, findAdmin, insertAdmin, listAdmins } from '../store/admins.ts'
import { requireAppInstance } from './app-instances.ts'
import { paged } from './paging.ts'

export const admins: Handlers<'CreateAppInstanceAdmin' | 'DescribeAppInstanceAdmin' | 'ListAppInstanceAdmins' | 'DeleteAppInstanceAdmin'> =
  {
    async CreateAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn }, call) {
      const appInstance = await requireAppInstance(call, AppInstanceArn)
      const named = await requireIdentity(call.db, AppInstanceAdminArn)
      await call.db.transaction(async tx => {
        await holdIdentity(tx, named)
        await holdAppInstance(tx, appInstance.id)
        if (await findAdmin(tx, appInstance.id, named.id)) return
        checkCount(await countAdmins(tx, appInstance.id), 'adminsPerAppInstance', call.limits)
        await insertAdmin(tx, appInstance.id, named.id, call.now())
      })
      return { AppInstanceAdmin: identity(named), AppInstanceArn }
    },

    async DescribeAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn }, call) {
      const appInstance = await requireAppInstance(call, AppInstanceArn)
      const named = await requireIdentity(call.db, AppInstanceAdminArn)
      const admin = await findAdmin(call.db, appInstance.id, named.id)
      if (!admin) throw notFound('The app instance admin does not exist.', `${AppInstanceAdminArn} is no AppInstanceAdmin.`)
      return { AppInstanceAdmin: { Admin: identity(admin.identity), AppInstanceArn, CreatedTimestamp: admin.createdAt } }
    },

    async ListAppInstanceAdmins(input, call) {
      const { AppInstanceArn } = input
      const { id } = await requireAppInstance(call, AppInstanceArn)
      const { items, NextToken } = await paged(call, input, [AppInstanceArn], (after, limit) => listAdmins(call.db, id, after, limit))
      return { AppInstanceArn, AppInstanceAdmins: items.map(admin => ({ Admin: identity(admin.identity) })), NextToken }
    },

    async DeleteAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn }, call) {
      const appInstance = await requireAppInstance(call, AppInstanceArn)
      const named = await findIdentity(call.db, AppInstanceAdminArn)
      if (named) await call.db.transaction(tx => deleteAdmin(tx, appInstance.id, named.id))
    },
  }
