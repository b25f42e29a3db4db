import { signal, useComputed, useSignal } from '@preact/signals'
import { call, isAway } from '../api.ts'
import { useKept } from '../kept.ts'
import { Page } from '../parts/page.tsx'
import { Empty, Failure } from '../parts/states.tsx'
import { Search } from '../parts/found.tsx'
import { Table } from '../parts/table.tsx'
import { Text } from '../parts/texts.tsx'
import { usePolled } from '../polled.ts'
import { bytes, clock, dateTime, duration, idOf, principalOf } from '../text.ts'
import { open, Opened, opened, statusKind, type RecentCall } from './request.tsx'

const most = 2000
const calls = signal<readonly RecentCall[]>([])

/** Adds new calls to the list. Several nodes may answer in turn, each with its own calls. */
async function look() {
  const AfterRequestId = calls.value[0]?.RequestId
  const { RecentCalls = [] } = await call('ListRecentCalls', { MaxResults: 100, ...(AfterRequestId !== undefined && { AfterRequestId }) })
  const known = new Set(calls.value.map(({ RequestId }) => RequestId))
  const added = RecentCalls.filter(({ RequestId }) => !known.has(RequestId))
  if (added.length === 0) return
  calls.value = [...added, ...calls.value]
    .toSorted((a, b) => b.AnsweredTimestamp!.getTime() - a.AnsweredTimestamp!.getTime())
    .slice(0, most)
}

export function RequestsPage() {
  const text = useKept('search', '')
  const isRefusedOnly = useKept('refused only', false)
  const isPaused = useSignal(false)
  const error = usePolled(look, 1000, isPaused)
  const items = useComputed(() => {
    const wanted = text.value.trim().toLowerCase()
    return calls.value.filter(
      each =>
        (!isRefusedOnly.value || (each.StatusCode ?? 0) >= 400) &&
        (wanted === '' ||
          [
            each.OperationName,
            each.PrincipalArn,
            each.BearerArn,
            each.Reason,
            each.ErrorName,
            each.AccessKeyId,
            each.RequestId,
            ...(each.ResourceArns ?? []),
          ].some(part => part?.toLowerCase().includes(wanted))),
    )
  })
  const state = useSignal<'whole'>('whole')
  return (
    <Page
      title="Requests"
      about={<p>The last calls that the server has answered, with the result of each check.</p>}
      actions={
        <>
          <Search label="Operation or reason" value={text} />
          <button type="button" aria-pressed={isRefusedOnly.value} onClick={() => (isRefusedOnly.value = !isRefusedOnly.value)}>
            Refused only
          </button>
          <button type="button" aria-pressed={isPaused.value} onClick={() => (isPaused.value = !isPaused.value)}>
            {isPaused.value ? 'Resume' : 'Pause'}
          </button>
        </>
      }
    >
      {error.value && !isAway.value && <Failure text={error.value} />}
      <div class={opened.value ? 'split' : ''}>
        <Table
          label="Recent requests"
          live
          list={{ items, state, error, more: async () => {} }}
          keyOf={({ RequestId }) => RequestId!}
          columns={[
            {
              name: 'Time, UTC',
              width: '5.5rem',
              isMinor: true,
              text: each => each.AnsweredTimestamp?.toISOString(),
              show: each => <time title={dateTime(each.AnsweredTimestamp!)}>{clock(each.AnsweredTimestamp!)}</time>,
            },
            {
              name: 'Status',
              width: '4.5rem',
              text: each => each.StatusCode,
              show: each => <span class={`badge ${statusKind(each.StatusCode)}`}>{each.StatusCode}</span>,
            },
            {
              name: 'Operation',
              width: 'minmax(0, 3fr)',
              text: each => each.OperationName,
              show: each => (
                <span class="two">
                  <button
                    type="button"
                    class="link"
                    aria-expanded={opened.value === each}
                    onClick={event => open(each, event.currentTarget)}
                  >
                    {each.OperationName}
                  </button>
                  {(each.Reason ?? each.ErrorMessage) && (
                    <small>
                      <Text value={each.Reason ?? each.ErrorMessage} />
                    </small>
                  )}
                </span>
              ),
            },
            {
              name: 'Caller',
              width: 'minmax(0, 2fr)',
              isMinor: true,
              text: each => each.BearerArn ?? each.PrincipalArn ?? each.AccessKeyId,
              show: each => (
                <span class="two">
                  <span>
                    <Text
                      value={
                        each.BearerArn === undefined
                          ? (principalOf(each.PrincipalArn) ?? each.AccessKeyId ?? 'unsigned')
                          : idOf(each.BearerArn)
                      }
                      longest={60}
                    />
                  </span>
                  {each.BearerArn !== undefined && (
                    <small>
                      <Text value={principalOf(each.PrincipalArn) ?? each.AccessKeyId} longest={60} />
                    </small>
                  )}
                </span>
              ),
            },
            {
              name: 'Took',
              width: '5rem',
              isNumber: true,
              isMinor: true,
              text: each => each.DurationMicroseconds,
              show: each => duration(each.DurationMicroseconds),
            },
            {
              name: 'Size',
              width: '5rem',
              isNumber: true,
              isMinor: true,
              text: each => each.ResponseSize,
              show: each => bytes(each.ResponseSize),
            },
          ]}
          empty={
            error.value === '' && (
              <Empty title={calls.value.length === 0 ? 'No calls yet' : 'No call matches'}>
                <p>
                  {calls.value.length === 0
                    ? 'Calls appear here as soon as the server answers them.'
                    : 'Change the search, or show all calls.'}
                </p>
              </Empty>
            )
          }
        />
        {opened.value && <Opened about={opened.value} />}
      </div>
    </Page>
  )
}
