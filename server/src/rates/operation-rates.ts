import type { Arn, NamedArns } from '../arn.ts'
import type { Call } from '../api/call.ts'
import { services, type OperationName } from '../contract/index.ts'
import type { Operation } from '../contract/operation.ts'
import { throttled } from '../errors.ts'
import { callRates, type CallRateName, type Rates, type RateSubject } from '../settings/rates.ts'
import type { Rate, TokenBuckets } from '../tools/token-buckets.ts'

export interface RateLimiting {
  readonly buckets: TokenBuckets
  readonly rates: Rates
  readonly now: () => number
}

/** The parts of a call that decide whose buckets it uses. */
interface About {
  readonly call: Call
  readonly bearer: Arn | undefined
  readonly arns: NamedArns
  readonly input: Readonly<Record<string, unknown>>
}

/** The rates of an operation. */
export interface OperationRates {
  /** Throws 429 if the bearer's rate is exceeded, and takes nothing. */
  look(bearer: Arn | undefined): void
  /** Takes a token from each bucket of the call, or throws 429 and takes none. */
  take(about: About): void
}

const channelOf = ({ arns }: About) => arns.get('ChannelArn')?.[0]?.text
const isElastic = ({ call }: About) => call.facts?.channel?.elastic !== undefined

/** The subject of the bucket; undefined if the rate does not apply to the call. */
const subjectOf: Readonly<Record<RateSubject, (about: About) => string | undefined>> = {
  account: ({ call }) => call.account,
  address: () => undefined,
  'app instance': ({ arns }) => arns.values().next().value?.[0]?.appInstanceArn,
  user: ({ arns, bearer }) => (arns.get('AppInstanceUserArn')?.[0] ?? bearer)?.text,
  bearer: ({ bearer }) => bearer?.text,
  channel: channelOf,
  'ordinary channel': about => (isElastic(about) ? undefined : channelOf(about)),
  'elastic channel': about => (isElastic(about) ? channelOf(about) : undefined),
  'channel or sub-channel': about => {
    const { SubChannelId } = about.input
    return typeof SubChannelId === 'string' ? `${channelOf(about)}/${SubChannelId}` : channelOf(about)
  },
}

/** Carillon's own operations count as calls of the messaging API. */
const messaging: ReadonlySet<string> = new Set([...services.messaging, ...services.carillon])
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

/** A bucket holds the tokens of one second. */
const rateOf = (rates: Rates, name: CallRateName): Rate => ({ perSecond: rates[name], atOnce: rates[name] })

const keyOf = (name: CallRateName, subject: string) => `${name} ${subject}`

function refused({ name, rate }: Bucket, subject: string, wait: number) {
  const { flag, per, meaning } = callRates[name]
  const seconds = Math.ceil(wait / 1000)
  return throttled(
    `There may be ${rate.perSecond} ${meaning} a second for each ${per} (--${flag}), and ${subject} has used them up.`,
    seconds,
  )
}

/** Takes a token from the bucket of a subject, or throws 429. */
export function takeFrom({ buckets, rates, now }: RateLimiting, name: CallRateName, subject: string) {
  const rate = rateOf(rates, name)
  const wait = buckets.tryTake(keyOf(name, subject), rate, now())
  if (wait > 0) throw refused({ name, rate }, subject, wait)
}

/** The rate at which each user may connect. */
export interface ConnectRate {
  readonly rate: Rate
  /** Takes a token from the bucket of the user; false if there is none. */
  take(user: string): boolean
}

/** Without configured rates, a user may connect once a second, after as many connections at once as the user may have. */
export function connectRate(buckets: TokenBuckets, now: () => number, rates: Rates | undefined, connections: number): ConnectRate {
  const rate = rates ? rateOf(rates, 'connectRate') : { perSecond: 1, atOnce: connections }
  return { rate, take: user => buckets.tryTake(keyOf('connectRate', user), rate, now()) === 0 }
}

/**
 * Made once per operation. The bearer's rate is checked before any look-up. Tokens are taken only once the call is permitted, so no caller
 * can use up the tokens of another.
 */
export function operationRatesOf(name: OperationName, operation: Operation, { buckets, rates, now }: RateLimiting): OperationRates {
  const own = (Object.keys(callRates) as CallRateName[])
    .filter(each => isOf(name, callRates[each]) && (operation.bearer || callRates[each].per !== 'bearer'))
    .map(each => ({ name: each, rate: rateOf(rates, each) }))
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
