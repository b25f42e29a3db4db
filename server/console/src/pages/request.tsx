import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { ClientOutput } from '../../../src/contract/index.ts'
import { copies } from '../copies.ts'
import { Decisions } from '../parts/decisions.tsx'
import { Facts } from '../parts/page.tsx'
import { Arn, Copy, Text } from '../parts/texts.tsx'
import { bytes, dateTime, duration, words } from '../text.ts'

export type RecentCall = NonNullable<ClientOutput<'ListRecentCalls'>['RecentCalls']>[number]

export const opened = signal<RecentCall | undefined>(undefined)
let lastOpener: HTMLElement | undefined

export function open(about: RecentCall, opener: HTMLElement) {
  opened.value = about
  lastOpener = opener
}

function close() {
  opened.value = undefined
  // The focus goes back to the row.
  lastOpener?.focus()
}

export const statusKind = (status = 0) => (status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'good')

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

/** The call that was chosen in the list: its checks, and how to call it again. */
export function Opened({ about }: { about: RecentCall }) {
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
