/** Characters that have no form of their own or change the order of others: shown as their code points. */
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu
const joiners = new Set(['\u200d', '\u200c'])
const kept = new Set(['\n', '\t'])

const codePoint = (character: string) => `⟨U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`

/** A text by users in one line or in lines, without characters that could make it look like a part of the page. A long one is cut. */
export function shown(text: string | undefined, { longest = 200, lines = false } = {}): string {
  if (text === undefined) return ''
  const cut = text.length > longest ? `${text.slice(0, longest).toWellFormed()}… (${count(text.length)} characters)` : text
  return cut.replaceAll(unseen, character =>
    joiners.has(character) ? character : lines && kept.has(character) ? character : codePoint(character),
  )
}

/**
 * JSON as it is easier to read, with escapes for what cannot be seen or changes the direction: it means the same. A text that is not JSON stays
 * as it is.
 */
export function jsonInLines(json = ''): string {
  try {
    return JSON.stringify(JSON.parse(json), undefined, 2).replaceAll(unseen, character =>
      character === '\n' ? character : [...Array(character.length).keys()].map(index => escape(character.charCodeAt(index))).join(''),
    )
  } catch {
    return json
  }
}

const escape = (unit: number) => `\\u${unit.toString(16).padStart(4, '0')}`

export const count = (value: number | undefined) => (value ?? 0).toLocaleString('en-US')
export const plural = (value: number, one: string, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`

/** The part of a principal's ARN after the account, which distinguishes principals. */
export const principalOf = (arn: string | undefined) => arn?.split(':').at(-1)

/** The last part of an ARN. */
export const idOf = (arn: string | undefined) => arn?.slice(arn.lastIndexOf('/') + 1) ?? ''

/** An id that is short enough for a line: the beginning of a UUID is enough to tell two apart. */
export const shortId = (arn: string) => (idOf(arn).length > 20 ? idOf(arn).slice(0, 8) : idOf(arn))

/** The ARN of a user, from its id or ARN. */
export const userArnOf = (appArn: string, text = '') => (text.startsWith('arn:') ? text.trim() : `${appArn}/user/${text.trim()}`)

const units: readonly (readonly [name: Intl.RelativeTimeFormatUnit, seconds: number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

export function ago(at: Date, now = Date.now()): string {
  const seconds = (at.getTime() - now) / 1000
  for (const [unit, size] of units) if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit)
  return Math.abs(seconds) < 10 ? 'just now' : relative.format(Math.round(seconds), 'second')
}

export const dateTime = (at: Date) =>
  at
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
/** The time of day, in UTC as all times of the console. */
export const clock = (at: Date) => at.toISOString().slice(11, 19)
/** The day, in UTC: as in "Saturday, 31 January 2026". */
export const day = (at: Date) => days.format(at)
const days = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'UTC' })

export function duration(microseconds: number | undefined = 0): string {
  if (microseconds < 1000) return `${microseconds} µs`
  if (microseconds < 1_000_000) return `${(microseconds / 1000).toFixed(microseconds < 10_000 ? 1 : 0)} ms`
  return `${(microseconds / 1_000_000).toFixed(1)} s`
}

export function bytes(size: number | undefined = 0): string {
  if (size < 1000) return `${size} B`
  return size < 1_000_000 ? `${(size / 1000).toFixed(1)} kB` : `${(size / 1_000_000).toFixed(1)} MB`
}

/** The names of operations as words: SendChannelMessage is "Send channel message". */
export const words = (name: string) => {
  const text = name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()
  return text.charAt(0).toUpperCase() + text.slice(1)
}
