import { identityListOf } from './identity-lists.ts'

export const {
  insert: insertModerator,
  count: countModerators,
  remove: deleteModerator,
  find: findModerator,
  list: listModerators,
} = identityListOf('moderators')
