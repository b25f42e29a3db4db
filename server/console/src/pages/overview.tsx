import { signal, useSignal } from '@preact/signals'
import { call, isAway, messageOf } from '../api.ts'
import { Value } from '../lists.ts'
import { usePolled } from '../polled.ts'
import { go, to } from '../router.ts'
import { ago, count, duration, plural } from '../text.ts'
import { Facts, Page } from '../parts/page.tsx'
import { Plot } from '../parts/plot.tsx'
import { Empty, Failure, Loading } from '../parts/states.tsx'
import { Id, Text, Time } from '../parts/texts.tsx'
import { makeFirstWorld } from './first-world.ts'

type Described = Awaited<ReturnType<typeof call<'DescribeServer'>>>
type Figures = NonNullable<Described['Figures']>[number]

const most = 150
const server = signal<Described | undefined>(undefined)
const figures = signal<readonly Figures[]>([])

async function look() {
  const last = figures.value.at(-1)?.Timestamp
  const described = await call('DescribeServer', { ...(last && { FiguresAfterTimestamp: last }) })
  server.value = described
  figures.value = [...figures.value, ...(described.Figures ?? [])]
    .filter((each, index, all) => index === 0 || each.Timestamp! > all[index - 1]!.Timestamp!)
    .slice(-most)
}

const rate = (amount: number | undefined, { Seconds = 1 }: Figures) => (amount ?? 0) / Seconds
const shownRate = (value: number) => (value > 0 && value < 10 ? value.toFixed(1) : count(Math.round(value)))

export function OverviewPage() {
  const error = usePolled(look, 2000)
  const isMaking = useSignal(false)
  const notMade = useSignal('')
  const lanes = useValue(() => call('ListOutboxLanes', {}))
  const apps = useValue(() => call('ListAppInstances', { MaxResults: 6 }))
  const described = server.value
  const all = figures.value
  const last = all.at(-1)
  const failing = lanes.content.value?.OutboxLanes?.filter(
    ({ FailedTimestamp, DeliveredTimestamp, DeadCount = 0 }) =>
      DeadCount > 0 || (FailedTimestamp && FailedTimestamp >= (DeliveredTimestamp ?? new Date(0))),
  )
  async function make() {
    isMaking.value = true
    notMade.value = ''
    try {
      const { appArn, channelId } = await makeFirstWorld()
      go(to('apps', appArn, 'channels', channelId))
    } catch (failure) {
      notMade.value = messageOf(failure)
      isMaking.value = false
    }
  }
  return (
    <Page
      title="Overview"
      about={
        described && (
          <p class={`state ${error.value ? 'bad' : 'good'}`}>
            {error.value ? 'The server does not answer' : `Ready. Started ${ago(described.StartedTimestamp ?? new Date())}.`}
          </p>
        )
      }
    >
      {error.value && !isAway.value && <Failure text={error.value} />}
      {apps.content.value?.AppInstances?.length === 0 && (
        <Empty title="Nothing here yet">
          <p>An app instance holds the users and channels of one chat. Create an example with two users, a channel and a message.</p>
          <button type="button" class="primary" disabled={isMaking.value} onClick={() => void make()}>
            {isMaking.value ? 'Creating it…' : 'Create an example'}
          </button>
          {notMade.value && <Failure text={notMade.value} />}
        </Empty>
      )}
      {!described && !error.value && <Loading rows={4} />}
      {described && last && (
        <section class="plots" aria-label="The last five minutes">
          <Plot label="Calls a second" value={shownRate(rate(last.CallCount, last))} points={all.map(each => rate(each.CallCount, each))} />
          <Plot
            label="Messages a second"
            value={shownRate(rate(last.MessageCount, last))}
            points={all.map(each => rate(each.MessageCount, each))}
          />
          <Plot label="Sessions" value={count(last.SessionCount)} points={all.map(each => each.SessionCount ?? 0)} />
          <Plot
            label="Latency, median and 99 %"
            value={`${duration(last.MedianMicroseconds)} · ${duration(last.Percentile99Microseconds)}`}
            points={all.map(each => each.MedianMicroseconds ?? 0)}
            others={all.map(each => each.Percentile99Microseconds ?? 0)}
          />
          <Plot
            label="Refused a second"
            value={shownRate(rate(last.RefusedCallCount, last))}
            points={all.map(each => rate(each.RefusedCallCount, each))}
          />
          <Plot
            label="Failed a second"
            value={shownRate(rate(last.FailedCallCount, last))}
            points={all.map(each => rate(each.FailedCallCount, each))}
          />
        </section>
      )}
      {described && (
        <div class="columns">
          {apps.content.value?.AppInstances?.[0] && (
            <section class="card">
              <h2>App instances</h2>
              <ul class="named">
                {apps.content.value.AppInstances.slice(0, 5).map(({ AppInstanceArn = '', Name }) => (
                  <li key={AppInstanceArn}>
                    <a href={to('apps', AppInstanceArn)}>
                      <Text value={Name} longest={60} />
                    </a>
                    <Id value={AppInstanceArn} />
                  </li>
                ))}
              </ul>
              <p class="faint">
                {apps.content.value.AppInstances.length > 5
                  ? 'These are the first five. '
                  : 'Open one to see its channels, messages and users. '}
                <a href={to('apps')}>All app instances</a>
              </p>
            </section>
          )}
          <div class="stack">
            <section class="card">
              <h2>Server</h2>
              <Facts
                facts={[
                  ['Version', described.Version],
                  ['Database', described.Database === 'SQLITE' ? 'SQLite' : 'PostgreSQL'],
                  ['Region', described.Region],
                  ['Account', described.Account],
                  [
                    plural(described.Nodes?.length ?? 1, 'node'),
                    described.Nodes?.map(({ NodeName, Bus }) => `${NodeName}${Bus === 'NATS' ? ' (NATS)' : ''}`).join(', '),
                  ],
                ]}
              />
            </section>
            <section class="card">
              <h2>Destinations</h2>
              {lanes.error.value && <Failure text={lanes.error.value} />}
              {failing?.length === 0 && (
                <p class="faint">
                  {lanes.content.value?.OutboxLanes?.length === 0
                    ? 'Nothing has been delivered to other services yet. '
                    : 'All deliveries succeed. '}
                  <a href={to('outbox')}>Outbox</a>
                </p>
              )}
              {failing?.slice(0, 5).map(({ Lane, Kind, Destination, LastError, FailedTimestamp, DeadCount = 0 }) => (
                <div class="problem" key={Lane}>
                  <a href={to('outbox')}>
                    <Text value={`${Kind} ${Destination}`} longest={80} />
                  </a>
                  <span class="faint">
                    {DeadCount > 0 && `${plural(DeadCount, 'dead entry', 'dead entries')} · `}
                    <Time at={FailedTimestamp} />
                  </span>
                  {LastError && (
                    <p>
                      <Text value={LastError} />
                    </p>
                  )}
                </div>
              ))}
            </section>
          </div>
        </div>
      )}
    </Page>
  )
}

function useValue<Content>(load: () => Promise<Content>) {
  const value = useSignal<Value<Content> | undefined>(undefined)
  return (value.value ??= new Value(load))
}
