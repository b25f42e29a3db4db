import { useMemo } from 'preact/hooks'
import { call } from '../api.ts'
import { Value } from '../lists.ts'
import { ask } from '../parts/dialog.tsx'
import { Facts, Missing, Page } from '../parts/page.tsx'
import { Failure, Loading } from '../parts/states.tsx'
import { Copy, Text, Time } from '../parts/texts.tsx'
import { go, to } from '../router.ts'
import { plural } from '../text.ts'
import { PolicyEditor } from './policy.tsx'
import { trustFields, trustIn } from './trust.ts'

export function RolePage({ name: RoleName }: { name: string }) {
  const role = useMemo(() => new Value(async () => (await call('DescribeIamRole', { RoleName })).IamRole), [RoleName])
  const described = role.content.value
  const edit = () =>
    ask({
      title: 'The trust of the role',
      fields: trustFields(described),
      action: 'Save',
      async act(values) {
        await call('UpdateIamRole', { RoleName, ...trustIn(values) })
        await role.again()
        return 'Saved'
      },
    })
  const remove = () =>
    ask({
      title: `Delete ${RoleName}?`,
      about: <p>All temporary credentials of this role end immediately, and their sockets are closed.</p>,
      action: 'Delete',
      isDanger: true,
      async act() {
        await call('DeleteIamRole', { RoleName })
        go(to('access', 'roles'))
        return 'Deleted'
      },
    })
  const { TrustedPrincipals = [], OidcTrust, SessionTagKeys = [], ExternalId, MaxSessionSeconds = 0 } = described ?? {}
  if (role.isMissing.value)
    return (
      <Missing what="role" crumbs={[{ text: 'Keys and roles', link: to('access', 'roles') }]}>
        <Text value={RoleName} />
      </Missing>
    )
  return (
    <Page
      title={RoleName}
      crumbs={[{ text: 'Keys and roles', link: to('access', 'roles') }]}
      actions={
        described && (
          <>
            <button type="button" onClick={edit}>
              Edit the trust
            </button>
            <button type="button" class="danger" onClick={remove}>
              Delete
            </button>
          </>
        )
      }
    >
      {role.error.value && <Failure text={role.error.value} again={() => void role.again()} />}
      {!described && !role.error.value && <Loading />}
      {described && (
        <>
          <section class="card">
            <Facts
              facts={[
                [
                  'ARN',
                  <>
                    <Text value={described.RoleArn} /> <Copy text={described.RoleArn ?? ''} />
                  </>,
                ],
                ['May be assumed by', <Text value={['the root key', ...TrustedPrincipals].join(', ')} longest={2000} />],
                [
                  'Logins',
                  OidcTrust === undefined ? (
                    'none'
                  ) : (
                    <Text
                      value={`of ${OidcTrust.Issuer} for ${OidcTrust.Audiences?.join(', ')}${OidcTrust.ClaimCondition === undefined ? '' : `, if ${OidcTrust.ClaimCondition}`}`}
                      longest={2000}
                    />
                  ),
                ],
                ['Session tags', <Text value={SessionTagKeys.join(', ') || 'none'} longest={500} />],
                ['External id', ExternalId === undefined ? 'none' : 'required'],
                ['Longest session', plural(Math.round(MaxSessionSeconds / 60), 'minute')],
                ['Changed', <Time at={described.LastUpdatedTimestamp} />],
              ]}
            />
          </section>
          <PolicyEditor
            policy={described.Policy}
            save={async Policy => {
              await call('UpdateIamRole', { RoleName, Policy })
              await role.again()
            }}
          />
        </>
      )}
    </Page>
  )
}
