import { useMemo } from 'preact/hooks'
import { call } from '../api.ts'
import { Value } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { Facts, Missing, Page } from '../parts/page.tsx'
import { Failure, Loading } from '../parts/states.tsx'
import { Copy, Text } from '../parts/texts.tsx'
import { go, to } from '../router.ts'
import { dateTime, shown } from '../text.ts'
import { keyStatus } from './access-keys.tsx'
import { PolicyEditor } from './policy.tsx'

export function AccessKeyPage({ id: AccessKeyId }: { id: string }) {
  const key = useMemo(() => new Value(async () => (await call('DescribeAccessKey', { AccessKeyId })).AccessKey), [AccessKeyId])
  const described = key.content.value
  const name = shown(described?.UserName, { longest: 64 })
  const isEnabled = described?.Status === 'ENABLED'
  const turn = () =>
    ask({
      title: isEnabled ? `Disable ${name}?` : `Enable ${name}?`,
      about: isEnabled ? (
        <p>Its calls are refused, its sockets are closed, and the temporary credentials that come from it end. It can be enabled again.</p>
      ) : (
        <p>It works again with the same secret, and so do temporary credentials that come from it and have not expired.</p>
      ),
      action: isEnabled ? 'Disable' : 'Enable',
      isDanger: isEnabled,
      async act() {
        await call('UpdateAccessKey', { AccessKeyId, Status: isEnabled ? 'DISABLED' : 'ENABLED' })
        await key.again()
        return isEnabled ? 'Disabled' : 'Enabled'
      },
    })
  const remove = () =>
    ask({
      title: `Delete ${name}?`,
      about: <p>The key and the temporary credentials that come from it are gone for good.</p>,
      action: 'Delete',
      isDanger: true,
      async act() {
        await call('DeleteAccessKey', { AccessKeyId })
        go(to('access', 'keys'))
        return 'Deleted'
      },
    })
  if (key.isMissing.value)
    return (
      <Missing what="access key" crumbs={[{ text: 'Keys and roles', link: to('access', 'keys') }]}>
        <Text value={AccessKeyId} />
      </Missing>
    )
  return (
    <Page
      title={described?.UserName ?? AccessKeyId}
      crumbs={[{ text: 'Keys and roles', link: to('access', 'keys') }]}
      actions={
        described && (
          <>
            <button type="button" onClick={turn}>
              {isEnabled ? 'Disable' : 'Enable'}
            </button>
            <button type="button" class="danger" onClick={remove}>
              Delete
            </button>
          </>
        )
      }
    >
      {key.error.value && <Failure text={key.error.value} again={() => void key.again()} />}
      {!described && !key.error.value && <Loading />}
      {described && (
        <>
          <section class="card">
            <Facts
              facts={[
                [
                  'Access key ID',
                  <>
                    <code>{AccessKeyId}</code> <Copy text={AccessKeyId} />
                  </>,
                ],
                ['Status', keyStatus(described.Status)],
                ['Principal', <Text value={described.PrincipalArn} />],
                ['Created', described.CreatedTimestamp && dateTime(described.CreatedTimestamp)],
              ]}
            />
          </section>
          <PolicyEditor
            policy={described.Policy}
            save={async Policy => {
              await call('UpdateAccessKey', { AccessKeyId, Policy })
              await key.again()
            }}
          />
        </>
      )}
    </Page>
  )
}
