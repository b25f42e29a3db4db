import { isIP } from 'node:net'
import { isObject, objectIn } from '../../tools/json.ts'
import { isPublic } from '../../tools/addresses.ts'
import { DeadDevice } from './service.ts'
import type { SubscriptionKeys } from './web-push-encryption.ts'

/** A browser's PushSubscription. */
export interface Subscription {
  readonly endpoint: URL
  readonly keys: SubscriptionKeys
}

/** Push services of browsers: each has a lane of its own. */
const wellKnown = ['fcm.googleapis.com', 'updates.push.services.mozilla.com', 'web.push.apple.com', 'notify.windows.com']

/** Whether a DeviceToken is a PushSubscription in JSON; tokens of other services are not JSON. */
export const isSubscription = (deviceToken: string) => deviceToken.startsWith('{')

/** Parses a subscription. Throws DeadDevice if no push can ever be sent to it. */
export function subscriptionOf(deviceToken: string, allowsPrivate: boolean): Subscription {
  const { endpoint, keys } = objectIn(deviceToken)
  const { p256dh, auth } = isObject(keys) ? keys : {}
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint) || typeof p256dh !== 'string' || typeof auth !== 'string')
    throw new DeadDevice('The DeviceToken is not a PushSubscription: {"endpoint", "keys": {"p256dh", "auth"}}')
  const subscription = {
    endpoint: new URL(endpoint),
    keys: { p256dh: Buffer.from(p256dh, 'base64url'), auth: Buffer.from(auth, 'base64url') },
  }
  if (subscription.keys.p256dh.length !== 65 || subscription.keys.auth.length !== 16)
    throw new DeadDevice('The keys of the PushSubscription have another length than 65 and 16 bytes')
  requireAllowed(subscription.endpoint, allowsPrivate)
  return subscription
}

function requireAllowed({ protocol, hostname, username, password }: URL, allowsPrivate: boolean) {
  if (username !== '' || password !== '') throw new DeadDevice('The endpoint of the PushSubscription has a user or a password')
  if (protocol !== 'https:' && !(allowsPrivate && protocol === 'http:'))
    throw new DeadDevice('The endpoint of the PushSubscription is not https')
  const address = hostname.replace(/^\[|\]$/g, '')
  if (!allowsPrivate && isIP(address) !== 0 && !isPublic(address))
    throw new DeadDevice('The endpoint of the PushSubscription is not in the public internet')
}

export const wellKnownHost = (hostname: string) => wellKnown.find(host => hostname === host || hostname.endsWith(`.${host}`))

/** The well-known push service of a subscription; undefined for any other, or if it is none. */
export function wellKnownService(deviceToken: string): string | undefined {
  try {
    return wellKnownHost(subscriptionOf(deviceToken, true).endpoint.hostname)
  } catch {
    return undefined
  }
}
