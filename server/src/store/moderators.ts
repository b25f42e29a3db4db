import { channelRoleTable } from './channel-roles.ts'

export const {
  insert: insertModerator,
  count: countModerators,
  remove: deleteModerator,
  find: findModerator,
  list: listModerators,
} = channelRoleTable('moderators')
