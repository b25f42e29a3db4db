import { incompleteSignature, invalidSignature } from './signature-errors.ts'

const allowedSkew = 15 * 60_000
const basicPattern = /^\d{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3])[0-5]\d[0-5]\dZ$/
const datePattern = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|UTC|[+-]0000)$/

/** When a request was signed, in the form that the string to sign holds: `20260102T030405Z`. */
export interface SigningTime {
  readonly basic: string
  readonly milliseconds: number
}

/** From X-Amz-Date, or from Date if that is absent. */
export function readSigningTime(headers: ReadonlyMap<string, string>): SigningTime {
  const text = headers.get('x-amz-date')
  if (text !== undefined) return parseBasic(text) ?? unreadable('X-Amz-Date', text)
  const date = headers.get('date')
  if (date !== undefined) return parseBasic(date) ?? parseDate(date) ?? unreadable('Date', date)
  const message = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
  throw incompleteSignature(message, 'The request carries neither X-Amz-Date nor Date.')
}

/** Throws if the clocks differ by more than 15 minutes, either way. */
export function checkClock({ basic, milliseconds }: SigningTime, now: number): void {
  const skew = milliseconds - now
  if (Math.abs(skew) <= allowedSkew) return
  const bound = formatBasic(skew < 0 ? now - allowedSkew : now + allowedSkew)
  const message =
    skew < 0
      ? `Signature expired: ${basic} is now earlier than ${bound} (${formatBasic(now)} - 15 min.)`
      : `Signature not yet current: ${basic} is still later than ${bound} (${formatBasic(now)} + 15 min.)`
  const seconds = Math.round(Math.abs(skew) / 1000)
  const direction = skew < 0 ? 'earlier' : 'later'
  const reason = `Clock off by ${seconds} s: the request is dated ${basic}, ${direction} than the server's time, ${formatBasic(now)}; 900 s are allowed.`
  throw invalidSignature(reason, message)
}

/** Parses such a time; undefined for any other text. */
export function parseBasic(basic: string): SigningTime | undefined {
  if (!basicPattern.test(basic)) return undefined
  const day = Number(basic.slice(6, 8))
  const time = new Date(
    Date.UTC(
      Number(basic.slice(0, 4)),
      Number(basic.slice(4, 6)) - 1,
      day,
      Number(basic.slice(9, 11)),
      Number(basic.slice(11, 13)),
      Number(basic.slice(13, 15)),
    ),
  )
  return time.getUTCDate() === day ? { basic, milliseconds: time.getTime() } : undefined
}

/** RFC 1123, with the zone as GMT or as botocore writes it. */
function parseDate(text: string): SigningTime | undefined {
  const milliseconds = datePattern.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(milliseconds) ? undefined : { basic: formatBasic(milliseconds), milliseconds }
}

export const formatBasic = (milliseconds: number) => `${new Date(milliseconds).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`

function unreadable(name: string, text: string): never {
  const message = `Date must be in ISO-8601 'basic format'. Got '${text}'. See http://en.wikipedia.org/wiki/ISO_8601`
  throw incompleteSignature(message, `${name} is not a date; it must read YYYYMMDDTHHMMSSZ.`)
}
