import { useMemo } from 'preact/hooks'
import type { ClientOutput } from '../../../src/contract/index.ts'
import { call } from '../api.ts'
import { List, useList } from '../lists.ts'
import { bytes, count, plural } from '../text.ts'
import { ask } from '../parts/dialog.tsx'
import { Page } from '../parts/page.tsx'
import { Empty } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'
import { Text, Time } from '../parts/texts.tsx'

type Lane = NonNullable<ClientOutput<'ListOutboxLanes'>['OutboxLanes']>[number]
type Choice = { readonly EntryIds: readonly number[] } | { readonly Lane: string }

/** Applies a decision to entries until none is left. */
async function decideAll(name: 'RetryDeadOutboxEntries' | 'DropDeadOutboxEntries', choice: Choice): Promise<number> {
  let done = 0
  for (;;) {
    const { EntryCount = 0, HasMore } = await call(name, choice as { Lane: string })
    done += EntryCount
    if (!HasMore) return done
  }
}

export function OutboxPage() {
  const lanes = useMemo(
    () =>
      new List(async () => {
        const { OutboxLanes } = await call('ListOutboxLanes', {})
        return { items: OutboxLanes, token: undefined }
      }),
    [],
  )
  const dead = useList('ListDeadOutboxEntries', {}, page => page.DeadOutboxEntries)
  const again = () => void Promise.all([lanes.again(), dead.again()])
  const decide = (kind: 'retry' | 'drop', choice: Choice, what: string) =>
    ask({
      title: kind === 'retry' ? `Deliver ${what} again?` : `Drop ${what}?`,
      about:
        kind === 'retry' ? (
          <p>It moves back to the end of its lane, and is delivered like a new entry. Its destination may receive it twice.</p>
        ) : (
          <p>It is removed for good, and its destination never receives it.</p>
        ),
      action: kind === 'retry' ? 'Deliver again' : 'Drop',
      isDanger: kind === 'drop',
      async act() {
        const done = await decideAll(kind === 'retry' ? 'RetryDeadOutboxEntries' : 'DropDeadOutboxEntries', choice)
        again()
        return `${plural(done, 'entry', 'entries')} ${kind === 'retry' ? 'will be delivered again' : 'dropped'}`
      },
    })
  const buttons = (choice: Choice, what: string, all = '') => (
    <>
      <button type="button" class="small" onClick={() => decide('retry', choice, what)}>
        Retry{all}
      </button>
      <button type="button" class="small danger" onClick={() => decide('drop', choice, what)}>
        Drop{all}
      </button>
    </>
  )
  return (
    <Page
      title="Outbox"
      about={
        <p>
          Deliveries to other services: records of streams, invocations of processors and bots, pushes. Each destination has a lane of its
          own.
        </p>
      }
      actions={
        <button type="button" onClick={again}>
          Refresh
        </button>
      }
    >
      <h2>Lanes</h2>
      <Table
        label="Lanes of the outbox"
        list={lanes}
        keyOf={({ Lane }) => Lane!}
        columns={[
          {
            name: 'Destination',
            width: 'minmax(0, 2fr)',
            text: ({ Lane }) => Lane,
            show: ({ Kind, Destination, LastError, PausedUntilTimestamp, PauseReason }) => (
              <span class="two">
                <strong>
                  <Text value={Kind} /> <Text value={Destination} longest={120} />
                </strong>
                {LastError && (
                  <small class="bad">
                    <Text value={LastError} />
                  </small>
                )}
                {PausedUntilTimestamp && (
                  <small>
                    The destination has asked for a pause, which ends <Time at={PausedUntilTimestamp} />: <Text value={PauseReason} />
                  </small>
                )}
              </span>
            ),
          },
          { name: 'Waiting', width: '5.5rem', isNumber: true, text: each => each.WaitingCount, show: each => count(each.WaitingCount) },
          { name: 'Dead', width: '4.5rem', isNumber: true, text: each => each.DeadCount, show: each => count(each.DeadCount) },
          { name: 'Oldest', width: '8rem', isMinor: true, show: each => (each.OldestTimestamp ? <Time at={each.OldestTimestamp} /> : '–') },
          { name: 'Last success', width: '8rem', isMinor: true, show: each => <Time at={each.DeliveredTimestamp} /> },
          { name: 'Last failure', width: '8rem', isMinor: true, show: each => <Time at={each.FailedTimestamp} /> },
          ...(lanes.items.value.some(({ DeadCount = 0 }) => DeadCount > 0)
            ? [
                {
                  name: 'Decide',
                  isLine: true,
                  width: '13rem',
                  show: ({ Lane = '', DeadCount = 0 }: Lane) =>
                    DeadCount > 0 && buttons({ Lane }, `all ${plural(DeadCount, 'dead entry', 'dead entries')} of the lane`, ' all'),
                },
              ]
            : []),
        ]}
        empty={
          <Empty title="Nothing waits, and nothing was delivered recently">
            <p>A lane appears here with the first record of a stream, the first call of a processor or bot, or the first push.</p>
          </Empty>
        }
      />
      <h2>Dead entries</h2>
      <Table
        label="Dead entries of the outbox"
        list={dead}
        keyOf={({ EntryId }) => String(EntryId)}
        columns={[
          { name: 'Entry', width: '5rem', text: each => each.EntryId, show: each => each.EntryId },
          {
            name: 'Lane and error',
            text: ({ Lane, LastError }) => `${Lane}: ${LastError}`,
            show: ({ Lane, LastError }) => (
              <span class="two">
                <strong>
                  <Text value={Lane} />
                </strong>
                <small class="bad">
                  <Text value={LastError} />
                </small>
              </span>
            ),
          },
          { name: 'Tries', width: '4rem', isNumber: true, isMinor: true, text: each => each.AttemptCount, show: each => each.AttemptCount },
          { name: 'Size', width: '5rem', isNumber: true, isMinor: true, text: each => each.Size, show: each => bytes(each.Size) },
          {
            name: 'Given up',
            width: '8rem',
            isMinor: true,
            text: each => each.DiedTimestamp?.toISOString(),
            show: each => <Time at={each.DiedTimestamp} />,
          },
          {
            name: 'Decide',
            isLine: true,
            width: '11rem',
            show: ({ EntryId = 0 }) => buttons({ EntryIds: [EntryId] }, `the entry ${EntryId}`),
          },
        ]}
        empty={
          <Empty title="No dead entries">
            <p>Entries that could not be delivered after all retries would stay here until you decide on them.</p>
          </Empty>
        }
      />
    </Page>
  )
}
