import { roleTable } from './roles.ts'

export const { insert: insertBan, remove: deleteBan, find: findBan, list: listBans } = roleTable('bans')
