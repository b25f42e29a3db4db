import type { ChannelExpiration, Expiry } from '../store/channel-expiration.ts'

/** Milliseconds of a day. */
const day = 24 * 60 * 60 * 1000

/** When something expires that lasts that many days from then, in epoch milliseconds; undefined if it never does. */
export const expiryOf = (from: number, days: number | undefined) => (days === undefined ? undefined : from + days * day)

/** When a channel expires by that criterion; a channel without messages counts from its creation. */
export function channelExpiryOf({ createdAt, publicAt, privateAt }: Expiry, expiration: ChannelExpiration | undefined) {
  const lastMessageAt = expiration?.criterion === 'LAST_MESSAGE_TIMESTAMP' ? Math.max(publicAt ?? 0, privateAt ?? 0) : 0
  return expiryOf(lastMessageAt || createdAt, expiration?.days)
}

/** How long nothing is deleted for good after a retention period is set or shortened (docs/service/expiration.md#retention). */
export const retentionGrace = 30 * day
