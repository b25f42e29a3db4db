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

/** The last part of an ARN; the whole of it is in the title and can be copied. */
export const Arn = ({ value, link }: { value: string | undefined; link?: string }) =>
  value === undefined ? (
    <span class="faint">none</span>
  ) : (
    <code class="arn" title={shown(value, { longest: 2000 })}>
      {link === undefined ? <Text value={idOf(value)} /> : <a href={link}>{<Text value={idOf(value)} />}</a>}
    </code>
  )

export function Copy({ text, label = 'Copy' }: { text: string; label?: string }) {
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    say('Copied')
  }
  return (
    <button type="button" class="small quiet" onClick={() => void copy()}>
      {label}
    </button>
  )
}
