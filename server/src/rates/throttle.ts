import type { Arn } from '../arn.ts'
import type { BearerCall, Call } from '../api/call.ts'
import { services, type OperationName } from '../contract/index.ts'
import type { Operation } from '../contract/operation.ts'
import { throttled } from '../errors.ts'
import { callRates, type CallRateName, type Rates, type RateSubject } from '../settings/rates.ts'
import type { Rate, TokenBuckets } from '../tools/token-buckets.ts'

export interface Throttling {
  readonly buckets: TokenBuckets
  readonly rates: Rates
  readonly now: () => number
}

/** What of a call says whose buckets it takes from. */
interface About {
  readonly call: Call | BearerCall
  readonly bearer: Arn | undefined
  readonly arns: ReadonlyMap<string, Arn>
  readonly input: Readonly<Record<string, unknown>>
}

/** The rates of an operation. */
export interface Throttle {
  /** Throws 429 where the bearer's rate is used up, and takes nothing. */
  look(bearer: Arn | undefined): void
  /** Takes one from each bucket of the call, or throws 429 and takes none. */
  take(about: About): void
}

const channelOf = ({ arns }: About) => arns.get('ChannelArn')?.text
const elasticOf = ({ call }: About) => 'channel' in call && call.channel?.elastic !== undefined

/** The one whose bucket it is; undefined where the rate is not for this call. */
const subjectOf: Readonly<Record<RateSubject, (about: About) => string | undefined>> = {
  account: ({ call }) => call.account,
  address: () => undefined,
  'app instance': ({ arns }) => arns.values().next().value?.appInstanceArn,
  user: ({ arns, bearer }) => (arns.get('AppInstanceUserArn') ?? bearer)?.text,
  bearer: ({ bearer }) => bearer?.text,
  channel: channelOf,
  'ordinary channel': about => (elasticOf(about) ? undefined : channelOf(about)),
  'elastic channel': about => (elasticOf(about) ? channelOf(about) : undefined),
  'channel or sub-channel': about => {
    const { SubChannelId } = about.input
    return typeof SubChannelId === 'string' ? `${channelOf(about)}/${SubChannelId}` : channelOf(about)
  },
}

const messaging: ReadonlySet<string> = new Set(services.messaging)
const identity: ReadonlySet<string> = new Set(services.identity.filter(name => !messaging.has(name)))

function isOf(name: OperationName, { operations }: (typeof callRates)[CallRateName]): boolean {
  if (operations === 'Connect' || operations === 'Login') return false
  if (operations === 'every identity operation') return identity.has(name)
  if (operations === 'every messaging operation') return messaging.has(name)
  return operations.includes(name)
}

interface Bucket {
  readonly name: CallRateName
  readonly rate: Rate
}

const keyOf = (name: CallRateName, subject: string) => `${name} ${subject}`

function refused({ name, rate }: Bucket, subject: string, wait: number) {
  const { flag, per, meaning } = callRates[name]
  const seconds = Math.ceil(wait / 1000)
  return throttled(
    `There may be ${rate.perSecond} ${meaning} a second for each ${per} (--${flag}), and ${subject} has used them up.`,
    seconds,
  )
}

/** Takes one from the bucket of a subject, or throws 429. */
export function takeFrom({ buckets, rates, now }: Throttling, name: CallRateName, subject: string) {
  const rate = { perSecond: rates[name], atOnce: rates[name] }
  const key = keyOf(name, subject)
  const wait = buckets.wait(key, rate, now())
  if (wait > 0) throw refused({ name, rate }, subject, wait)
  buckets.take(key, rate, now())
}

/**
 * Made once per operation. The bearer's rate is asked before anything is looked up; tokens are taken once the call is permitted,
 * so that nobody can use up those of somebody else.
 */
export function throttleOf(name: OperationName, operation: Operation, { buckets, rates, now }: Throttling): Throttle {
  const own = (Object.keys(callRates) as CallRateName[])
    .filter(each => isOf(name, callRates[each]) && (operation.bearer || callRates[each].per !== 'bearer'))
    .map(each => ({ name: each, rate: { perSecond: rates[each], atOnce: rates[each] } }))
  const ofBearer = own.find(bucket => callRates[bucket.name].per === 'bearer')

  return {
    look(bearer) {
      if (!bearer || !ofBearer) return
      const wait = buckets.wait(keyOf(ofBearer.name, bearer.text), ofBearer.rate, now())
      if (wait > 0) throw refused(ofBearer, bearer.text, wait)
    },
    take(about) {
      const time = now()
      const taken: { key: string; rate: Rate }[] = []
      for (const bucket of own) {
        const subject = subjectOf[callRates[bucket.name].per](about)
        if (subject === undefined) continue
        const key = keyOf(bucket.name, subject)
        const wait = buckets.wait(key, bucket.rate, time)
        if (wait > 0) throw refused(bucket, subject, wait)
        taken.push({ key, rate: bucket.rate })
      }
      for (const { key, rate } of taken) buckets.take(key, rate, time)
    },
  }
}
