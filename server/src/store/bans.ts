import { identityListOf } from './identity-lists.ts'

export const { insert: insertBan, remove: deleteBan, find: findBan, list: listBans } = identityListOf('bans')
