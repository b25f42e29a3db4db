import { roleTable } from './roles.ts'

export const {
  insert: insertModerator,
  count: countModerators,
  remove: deleteModerator,
  find: findModerator,
  list: listModerators,
} = roleTable('moderators')
