import { to } from '../router.ts'
import { Page, Tabs } from '../parts/page.tsx'
import { AccessKeys } from './access-keys.tsx'
import { PolicyEditor } from './policy.tsx'
import { Roles } from './roles.tsx'

const tabs = [
  ['Access keys', 'keys'],
  ['Roles', 'roles'],
  ['Try a policy', 'try'],
] as const

export function AccessPage({ part }: { part: string }) {
  const [current, of] = tabs.find(([, segment]) => segment === part) ?? tabs[0]
  return (
    <Page
      title="Keys and roles"
      about={<p>Who may call the server, and what their policies allow. The root key is in its settings, not here.</p>}
    >
      <Tabs current={current} tabs={tabs.map(([name, segment]) => [name, to('access', segment)] as const)} />
      {of === 'keys' && <AccessKeys />}
      {of === 'roles' && <Roles />}
      {of === 'try' && <PolicyEditor />}
    </Page>
  )
}
