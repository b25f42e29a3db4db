import { channelRoleTable } from './channel-roles.ts'

export const { insert: insertBan, remove: deleteBan, find: findBan, list: listBans } = channelRoleTable('bans')
