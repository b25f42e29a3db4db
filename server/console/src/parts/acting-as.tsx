import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { actAs, actor, findActor } from '../acting.ts'
import { call, messageOf } from '../api.ts'
import { to } from '../router.ts'
import { idOf, userArnOf } from '../text.ts'
import { ask } from './dialog.tsx'
import { Empty, Failure, Loading } from './states.tsx'
import { Arn } from './texts.tsx'

/** Shows content that needs a user to act as, and the name of that user. */
export function AsActor({ appArn, children }: { appArn: string; children: (actor: string) => ComponentChildren }) {
  const state = useSignal<'looking' | 'found' | 'none'>(actor(appArn) === undefined ? 'looking' : 'found')
  const error = useSignal('')
  useEffect(() => {
    findActor(appArn).then(
      found => (state.value = found === undefined ? 'none' : 'found'),
      (failure: unknown) => (error.value = messageOf(failure)),
    )
  }, [appArn])
  const current = actor(appArn)
  const choose = () =>
    ask({
      title: 'Act as another user',
      about: <p>Lists and changes are made as this user: an AppInstanceAdmin sees all channels, others see what their roles allow.</p>,
      fields: [{ name: 'user', label: 'User id or ARN', isRequired: true, value: current === undefined ? '' : idOf(current) }],
      action: 'Act as',
      async act({ user }) {
        const userArn = userArnOf(appArn, user)
        await call('DescribeAppInstanceUser', { AppInstanceUserArn: userArn })
        actAs(appArn, userArn)
        state.value = 'found'
      },
    })
  if (error.value) return <Failure text={error.value} />
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
      <p>Channels are listed and changed as a user of the app instance. Make a user its AppInstanceAdmin, or act as a user.</p>
      <a class="button" href={to('apps', appArn, 'admins')}>
        Add an admin
      </a>{' '}
      <button type="button" onClick={choose}>
        Act as a user
      </button>
    </Empty>
  )
}
