import type { Handlers } from './call.ts'
import { notFound } from '../errors.ts'
import { addAdmin, removeAdmin } from '../domain/admins.ts'
import { requireAppInstance } from '../domain/app-instances.ts'
import { requireIdentity } from '../domain/identities.ts'
import { identity } from '../present/identities.ts'
import { findAdmin, listAdmins } from '../store/admins.ts'
import { named } from './named.ts'
import { paged } from './paging.ts'

export const admins = {
  async CreateAppInstanceAdmin({ AppInstanceArn }, call) {
    const { id } = await requireAppInstance(call.db, AppInstanceArn)
    const admin = await call.db.transaction(tx => addAdmin(tx, call, id, named(call, 'AppInstanceAdminArn')))
    return { AppInstanceAdmin: identity(admin), AppInstanceArn }
  },

  async DescribeAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn }, call) {
    const appInstance = await requireAppInstance(call.db, AppInstanceArn)
    const found = await requireIdentity(call.db, named(call, 'AppInstanceAdminArn'))
    const admin = await findAdmin(call.db, appInstance.id, found.id)
    if (!admin) throw notFound('The app instance admin does not exist.', `${AppInstanceAdminArn} is not an AppInstanceAdmin.`)
    return { AppInstanceAdmin: { Admin: identity(admin.identity), AppInstanceArn, CreatedTimestamp: admin.createdAt } }
  },

  async ListAppInstanceAdmins(input, call) {
    const { AppInstanceArn } = input
    const { id } = await requireAppInstance(call.db, AppInstanceArn)
    const { items, NextToken } = await paged(call, input, [AppInstanceArn], (after, limit) => listAdmins(call.db, id, after, limit))
    return { AppInstanceArn, AppInstanceAdmins: items.map(admin => ({ Admin: identity(admin.identity) })), NextToken }
  },

  async DeleteAppInstanceAdmin({ AppInstanceArn }, call) {
    const { id } = await requireAppInstance(call.db, AppInstanceArn)
    await call.db.transaction(tx => removeAdmin(tx, id, named(call, 'AppInstanceAdminArn')))
  },
} satisfies Partial<Handlers>
