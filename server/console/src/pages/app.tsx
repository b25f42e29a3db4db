import { useEffect, useMemo } from 'preact/hooks'
import { call } from '../api.ts'
import { keepAppName } from '../app-names.ts'
import { Value } from '../lists.ts'
import { Missing, Page, Tabs } from '../parts/page.tsx'
import { Failure, Loading } from '../parts/states.tsx'
import { Id, Text } from '../parts/texts.tsx'
import { to } from '../router.ts'
import { idOf } from '../text.ts'
import { Admins } from './admins.tsx'
import { Settings } from './app-settings.tsx'
import { Bots } from './bots.tsx'
import { Channels } from './channels.tsx'
import { Flows } from './flows.tsx'
import { Streams } from './streams.tsx'
import { Connected } from './connected.tsx'
import { Users } from './users.tsx'

const parts = ['Channels', 'Users', 'Connected', 'Admins', 'Bots', 'Flows', 'Streams', 'Settings'] as const

export function AppPage({ arn, part }: { arn: string; part: string }) {
  const app = useMemo(() => new Value(async () => (await call('DescribeAppInstance', { AppInstanceArn: arn })).AppInstance), [arn])
  const name = app.content.value?.Name
  useEffect(() => keepAppName(arn, name), [arn, name])
  const current = parts.find(each => each.toLowerCase() === part) ?? 'Channels'
  if (app.isMissing.value)
    return (
      <Missing what="app instance" crumbs={[{ text: 'App instances', link: to('apps') }]}>
        <Text value={arn} />
      </Missing>
    )
  return (
    <Page title={name ?? idOf(arn)} crumbs={[{ text: 'App instances', link: to('apps') }]} about={<Id value={arn} />}>
      {app.error.value && <Failure text={app.error.value} again={() => void app.again()} />}
      <Tabs current={current} tabs={parts.map(each => [each, to('apps', arn, each.toLowerCase())] as const)} />
      {current === 'Channels' && <Channels arn={arn} />}
      {current === 'Users' && <Users arn={arn} />}
      {current === 'Connected' && <Connected arn={arn} appArn={arn} empty="No user of the app instance has a socket at the moment." />}
      {current === 'Admins' && <Admins arn={arn} />}
      {current === 'Bots' && <Bots arn={arn} />}
      {current === 'Flows' && <Flows arn={arn} />}
      {current === 'Streams' && <Streams arn={arn} />}
      {current === 'Settings' && app.content.value && <Settings arn={arn} app={app} />}
      {current === 'Settings' && !app.content.value && !app.error.value && <Loading />}
    </Page>
  )
}
