import { ago, dateTime, idOf, shown } from '../text.ts'
import { say } from './said.tsx'

/** A text by users, isolated from the text around it. */
export const Text = ({ value, longest }: { value: string | undefined; longest?: number }) => (
  <bdi>{shown(value, { ...(longest !== undefined && { longest }) })}</bdi>
)

export const Time = ({ at }: { at: Date | undefined }) =>
  at ? (
    <time dateTime={at.toISOString()} title={dateTime(at)}>
      {ago(at)}
    </time>
  ) : (
    <span class="faint">never</span>
  )

/** The last part of an ARN; the whole of it is in the title. */
export const Arn = ({ value }: { value: string | undefined }) =>
  value === undefined ? (
    <span class="faint">none</span>
  ) : (
    <code class="arn" title={shown(value, { longest: 2000 })}>
      <Text value={idOf(value)} />
    </code>
  )

const copy = (text: string) =>
  navigator.clipboard.writeText(text).then(
    () => say('Copied'),
    () => say('The browser does not let the page copy. Select the text, and copy it.'),
  )

/** The last part of an ARN in a row of a table, with a button that copies the whole ARN. */
export const Id = ({ value }: { value: string | undefined }) =>
  value === undefined ? (
    <span class="faint">none</span>
  ) : (
    <span class="id">
      <Arn value={value} />
      <button
        type="button"
        class="icon quiet"
        title="Copy the ARN"
        aria-label={`Copy the ARN of ${shown(idOf(value), { longest: 80 })}`}
        onClick={() => void copy(value)}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M5.500 5.500v-3h8v8h-3M2.500 5.500h8v8h-8z" />
        </svg>
      </button>
    </span>
  )

export const Copy = ({ text, label = 'Copy' }: { text: string; label?: string }) => (
  <button type="button" class="small quiet" onClick={() => void copy(text)}>
    {label}
  </button>
)
