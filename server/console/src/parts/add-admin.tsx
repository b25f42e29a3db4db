import { call } from '../api.ts'
import { userArnOf } from '../text.ts'
import { ask } from './dialog.tsx'
import { userField } from './user-field.ts'

/** Opens the dialog that makes a user an AppInstanceAdmin. */
export const addAdmin = (AppInstanceArn: string, added: () => Promise<unknown>) =>
  ask({
    title: 'Add an AppInstanceAdmin',
    about: <p>An AppInstanceAdmin sees all channels of the app instance and their messages, and may change and delete them.</p>,
    fields: [userField(AppInstanceArn)],
    action: 'Add',
    async act({ user }) {
      await call('CreateAppInstanceAdmin', { AppInstanceArn, AppInstanceAdminArn: userArnOf(AppInstanceArn, user) })
      await added()
      return 'Added'
    },
  })
