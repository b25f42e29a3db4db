import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useCallback, useEffect } from 'preact/hooks'
import { actAs, actor, findActor } from '../acting.ts'
import { call, isUnanswered, messageOf, whenBack } from '../api.ts'
import { idOf, userArnOf } from '../text.ts'
import { addAdmin } from './add-admin.tsx'
import { ask } from './dialog.tsx'
import { Empty, Failure, Loading } from './states.tsx'
import { Arn } from './texts.tsx'
import { userField } from './user-field.ts'

/** Shows content that needs a user to act as, and the name of that user. */
export function AsActor({ appArn, children }: { appArn: string; children: (actor: string) => ComponentChildren }) {
  const state = useSignal<'looking' | 'found' | 'none'>(actor(appArn) === undefined ? 'looking' : 'found')
  const error = useSignal('')
  const look = useCallback(() => {
    error.value = ''
    findActor(appArn).then(
      found => (state.value = found === undefined ? 'none' : 'found'),
      (failure: unknown) => {
        error.value = messageOf(failure)
        if (isUnanswered(failure)) whenBack(look)
      },
    )
  }, [appArn])
  useEffect(look, [look])
  const current = actor(appArn)
  const choose = () =>
    ask({
      title: 'Act as another user',
      about: <p>Lists and changes are made as this user: an AppInstanceAdmin sees all channels, others see what their roles allow.</p>,
      fields: [userField(appArn, current === undefined ? '' : idOf(current))],
      action: 'Act as',
      async act({ user }) {
        const userArn = userArnOf(appArn, user)
        await call('DescribeAppInstanceUser', { AppInstanceUserArn: userArn })
        actAs(appArn, userArn)
        state.value = 'found'
      },
    })
  if (error.value) return <Failure text={error.value} again={look} />
  if (current !== undefined)
    return (
      <>
        <p class="acting">
          Acting as <Arn value={current} />{' '}
          <button type="button" class="small quiet" onClick={choose}>
            Change
          </button>
        </p>
        {children(current)}
      </>
    )
  if (state.value === 'looking') return <Loading />
  return (
    <Empty title="This app instance has no AppInstanceAdmin">
      <p>
        The console lists and changes channels as a user of the app instance. Make a user its AppInstanceAdmin, who sees all of them, or act
        as a user, who sees what its roles allow.
      </p>
      <div class="actions">
        <button type="button" class="primary" onClick={() => addAdmin(appArn, async () => look())}>
          Add an admin
        </button>
        <button type="button" onClick={choose}>
          Act as a user
        </button>
      </div>
    </Empty>
  )
}
