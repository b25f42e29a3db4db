import { call } from '../api.ts'
import { idOf } from '../text.ts'
import type { Field } from './field.tsx'

/** A field for a user of an app instance, which suggests the first ones. */
export const userField = (AppInstanceArn: string, value = ''): Field => ({
  name: 'user',
  label: 'User id or ARN',
  isRequired: true,
  value,
  async suggestions() {
    const { AppInstanceUsers = [] } = await call('ListAppInstanceUsers', { AppInstanceArn, MaxResults: 50 })
    return AppInstanceUsers.map(({ AppInstanceUserArn, Name }) => [idOf(AppInstanceUserArn), Name] as const)
  },
})
