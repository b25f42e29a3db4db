import type { ChannelExpiration, Expiry } from '../store/channel-expiration.ts'

/** Milliseconds of a day. */
const day = 24 * 60 * 60 * 1000

/** When something that lasts so many days from then is over, in epoch milliseconds; undefined where it never is. */
export const expiryOf = (from: number, days: number | undefined) => (days === undefined ? undefined : from + days * day)

/** When a channel is over by that criterion: one without messages counts from its creation. */
export function channelExpiryOf({ createdAt, publicAt, privateAt }: Expiry, expiration: ChannelExpiration | undefined) {
  const lastMessageAt = expiration?.criterion === 'LAST_MESSAGE_TIMESTAMP' ? Math.max(publicAt ?? 0, privateAt ?? 0) : 0
  return expiryOf(lastMessageAt || createdAt, expiration?.days)
}

/** For so long after setting or shortening a retention period nothing is deleted for good (docs/service/expiration.md#retention). */
export const retentionGrace = 30 * day
