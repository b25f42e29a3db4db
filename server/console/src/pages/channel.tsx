import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { call } from '../api.ts'
import { useAppName } from '../app-names.ts'
import { Value } from '../lists.ts'
import { AsActor } from '../parts/acting-as.tsx'
import { Page, Tabs } from '../parts/page.tsx'
import { Failure, Loading } from '../parts/states.tsx'
import { Id } from '../parts/texts.tsx'
import { to } from '../router.ts'
import { Settings } from './channel-settings.tsx'
import { Connected } from './connected.tsx'
import { Messages } from './messages.tsx'
import { Members, Moderators, Bans } from './people.tsx'

const parts = ['Messages', 'Connected', 'Members', 'Moderators', 'Bans', 'Settings'] as const

export type Channel = NonNullable<Awaited<ReturnType<typeof call<'DescribeChannel'>>>['Channel']>

export interface Place {
  readonly appArn: string
  readonly ChannelArn: string
  /** The user as whom the console acts. */
  readonly bearer: string
}

export function ChannelPage({ appArn, id, part }: { appArn: string; id: string; part: string }) {
  const ChannelArn = `${appArn}/channel/${id}`
  const channel = useSignal<Channel | undefined>(undefined)
  const current = parts.find(each => each.toLowerCase() === part) ?? 'Messages'
  return (
    <Page
      title={channel.value?.Name ?? id}
      crumbs={[
        { text: 'App instances', link: to('apps') },
        { text: useAppName(appArn), link: to('apps', appArn, 'channels') },
      ]}
      about={<Id value={ChannelArn} />}
    >
      <AsActor appArn={appArn}>
        {bearer => <Inside key={bearer} place={{ appArn, ChannelArn, bearer }} channel={channel} current={current} id={id} />}
      </AsActor>
    </Page>
  )
}

function Inside({
  place,
  channel,
  current,
  id,
}: {
  place: Place
  channel: { value: Channel | undefined }
  current: (typeof parts)[number]
  id: string
}) {
  const { appArn, ChannelArn, bearer } = place
  const described = useMemo(
    () =>
      new Value(async () => {
        const { Channel } = await call('DescribeChannel', { ChannelArn, ChimeBearer: bearer })
        channel.value = Channel
        return Channel
      }),
    [ChannelArn, bearer],
  )
  if (described.error.value) return <Failure text={described.error.value} again={() => void described.again()} />
  if (!described.content.value) return <Loading />
  return (
    <>
      <Tabs current={current} tabs={parts.map(each => [each, to('apps', appArn, 'channels', id, each.toLowerCase())] as const)} />
      {current === 'Messages' && <Messages place={place} />}
      {current === 'Connected' && (
        <Connected arn={ChannelArn} appArn={appArn} empty="No member of the channel has a socket at the moment." />
      )}
      {current === 'Members' && <Members place={place} />}
      {current === 'Moderators' && <Moderators place={place} />}
      {current === 'Bans' && <Bans place={place} />}
      {current === 'Settings' && <Settings place={place} channel={described} />}
    </>
  )
}
