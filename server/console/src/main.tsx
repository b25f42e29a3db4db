import { render } from 'preact'
import { credentials } from './api.ts'
import { keepFocus } from './focus.ts'
import { AccessPage } from './pages/access.tsx'
import { AccessKeyPage } from './pages/access-key.tsx'
import { AppPage } from './pages/app.tsx'
import { AppsPage } from './pages/apps.tsx'
import { ChannelPage } from './pages/channel.tsx'
import { OutboxPage } from './pages/outbox.tsx'
import { OverviewPage } from './pages/overview.tsx'
import { RolePage } from './pages/role.tsx'
import { RequestsPage } from './pages/requests.tsx'
import { SignIn } from './pages/sign-in.tsx'
import { UserPage } from './pages/user.tsx'
import { segments, to } from './router.ts'
import { Shell } from './shell.tsx'
import { Ask } from './parts/dialog.tsx'
import { Page } from './parts/page.tsx'
import { Said } from './parts/said.tsx'
import { Empty } from './parts/states.tsx'

function Current() {
  const [first = '', ...rest] = segments()
  if (first === '') return <OverviewPage />
  if (first === 'requests') return <RequestsPage />
  if (first === 'outbox') return <OutboxPage />
  if (first === 'access') {
    const [part = 'keys', id] = rest
    if (id === undefined) return <AccessPage part={part} />
    if (part === 'keys') return <AccessKeyPage key={id} id={id} />
    if (part === 'roles') return <RolePage key={id} name={id} />
  }
  if (first === 'apps' && rest.length === 0) return <AppsPage />
  if (first === 'apps') {
    const [arn = '', part = 'channels', id, ...deeper] = rest
    if (id === undefined) return <AppPage key={arn} arn={arn} part={part} />
    if (part === 'users') return <UserPage key={id} appArn={arn} id={id} />
    if (part === 'channels') return <ChannelPage key={id} appArn={arn} id={id} part={deeper[0] ?? 'messages'} />
  }
  return (
    <Page title="Not found">
      <Empty title="The console does not have this page">
        <p>
          <a href={to()}>Go to the overview</a>
        </p>
      </Empty>
    </Page>
  )
}

const Console = () => (
  <>
    {credentials.value ? (
      <Shell>
        <Current />
      </Shell>
    ) : (
      <SignIn />
    )}
    <Ask />
    <Said />
  </>
)

const root = document.getElementById('app')!
keepFocus(root)
render(<Console />, root)
