import { signal, useComputed, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { call, isAway, messageOf } from '../api.ts'
import { copies } from '../copies.ts'
import { useKept } from '../kept.ts'
import { Decisions } from '../parts/decisions.tsx'
import { bytes, clock, dateTime, duration, idOf, principalOf, words } from '../text.ts'
import { Facts, Page } from '../parts/page.tsx'
import { Empty, Failure } from '../parts/states.tsx'
import { Search } from '../parts/found.tsx'
import { Table } from '../parts/table.tsx'
import { Arn, Copy, Text } from '../parts/texts.tsx'

type Listed = Awaited<ReturnType<typeof call<'ListRecentCalls'>>>
type RecentCall = NonNullable<Listed['RecentCalls']>[number]

const most = 2000
const calls = signal<readonly RecentCall[]>([])
const opened = signal<RecentCall | undefined>(undefined)

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

let lastOpener: HTMLElement | undefined

function open(about: RecentCall, opener: HTMLElement) {
  opened.value = about
  lastOpener = opener
}

const statusKind = (status = 0) => (status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'good')

export function RequestsPage() {
  const text = useKept('search', '')
  const isRefusedOnly = useKept('refused only', false)
  const isPaused = useSignal(false)
  const error = useSignal('')
  useEffect(() => {
    const repeat = () => {
      if (isPaused.value) return
      look().then(
        () => (error.value = ''),
        (failure: unknown) => (error.value = messageOf(failure)),
      )
    }
    repeat()
    const timer = setInterval(repeat, 1000)
    return () => clearInterval(timer)
  }, [])
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

const outcomes: Readonly<Record<string, readonly [mark: string, text: string]>> = {
  PASSED: ['✓', 'passed'],
  REFUSED: ['✕', 'refused'],
  NOT_REACHED: ['·', 'not reached'],
  NOT_NEEDED: ['–', 'not needed'],
}
const names: Readonly<Record<string, string>> = {
  SIGNATURE: 'Signature',
  INPUT: 'Input',
  IAM: 'IAM policies',
  ROLE: 'Role in the API',
  OPERATION: 'Operation',
}

function close() {
  opened.value = undefined
  // The focus goes back to the row.
  lastOpener?.focus()
}

function Opened({ about }: { about: RecentCall }) {
  const panel = useRef<HTMLElement>(null)
  useEffect(() => {
    // On a narrow screen it is above the list; the keyboard goes to it in any case.
    panel.current?.focus()
    panel.current?.scrollIntoView({ block: 'nearest' })
  }, [about])
  const input = about.Input === undefined ? undefined : (JSON.parse(about.Input) as Record<string, unknown>)
  return (
    <section
      class="panel"
      ref={panel}
      tabIndex={-1}
      aria-label={`The call ${about.OperationName}`}
      onKeyDown={event => {
        if (event.key === 'Escape') close()
      }}
    >
      <header>
        <h2>
          <span class={`badge ${statusKind(about.StatusCode)}`}>{about.StatusCode}</span> {about.OperationName}
        </h2>
        <button type="button" class="quiet" aria-label="Close" onClick={close}>
          ✕
        </button>
      </header>
      <ol class="checks">
        {about.Checks?.map(({ Check, Outcome = '', Explanation, Decisions: decisions }) => (
          <li key={Check} class={Outcome.toLowerCase()}>
            <span class="mark" aria-hidden="true">
              {outcomes[Outcome]?.[0]}
            </span>
            <div>
              <strong>{names[Check ?? '']}</strong> <span class="faint">{outcomes[Outcome]?.[1]}</span>
              {Explanation && (
                <p>
                  <Text value={Explanation} longest={1500} />
                </p>
              )}
              {decisions && decisions.length > 0 && <Decisions decisions={decisions} />}
            </div>
          </li>
        ))}
      </ol>
      <Facts
        facts={[
          ...(about.ErrorName === undefined
            ? []
            : ([
                ['Error', <code>{about.ErrorName}</code>],
                ['Message', <Text value={about.ErrorMessage} longest={1000} />],
              ] as const)),
          ['Time', dateTime(about.AnsweredTimestamp!)],
          ['Took', duration(about.DurationMicroseconds)],
          ['Request', `${bytes(about.RequestSize)}, answer ${bytes(about.ResponseSize)}`],
          ['From', about.SourceIp],
          ['Principal', <Text value={about.PrincipalArn} />],
          ['Key', <code>{about.AccessKeyId}</code>],
          ...(about.BearerArn === undefined ? [] : ([['Bearer', <Arn value={about.BearerArn} />]] as const)),
          [
            'Request id',
            <>
              <code>{about.RequestId}</code> <Copy text={about.RequestId ?? ''} />
            </>,
          ],
          [
            'Route',
            <code>
              {`${about.Method} `}
              <Text value={about.Path} />
            </code>,
          ],
        ]}
      />
      {input && (
        <>
          <h3>Input</h3>
          <pre tabIndex={0}>
            <Text value={JSON.stringify(input)} longest={5000} />
          </pre>
          <h3>Call it again</h3>
          {about.Input?.includes('(hidden)') && (
            <p class="hint">Names and content are hidden: replace (hidden) by a value. With --recent-calls whole the server shows them.</p>
          )}
          {copies(about.OperationName!, input).map(([name, command]) => (
            <div class="command" key={name}>
              <pre tabIndex={0} aria-label={`${words(name)} command`}>
                <Text value={command} longest={3000} />
              </pre>
              <Copy text={command} label={`Copy for ${name}`} />
            </div>
          ))}
        </>
      )}
    </section>
  )
}
