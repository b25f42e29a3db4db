import type { StoredPresence } from '../store/presences.ts'

/** In channels with more members presence is a number, without names. */
export const namedMembersAtMost = 100

/** Who is online, over all nodes; this is not stored. */
export interface OnlineNow {
  isOnline(userId: number): boolean
  /** When the user was last seen, if that was a short time ago. */
  lastSeen(userId: number): number | undefined
}

/** The wire's Presence as others see it. A user whose presence is not shown looks offline. */
export function presenceDetails(userId: number, stored: StoredPresence, now: OnlineNow) {
  const { arn, status, statusText, isShown } = stored
  if (!isShown) return { AppInstanceUserArn: arn, IsOnline: false }
  const isOnline = now.isOnline(userId)
  const seenAt = isOnline ? undefined : Math.max(now.lastSeen(userId) ?? 0, stored.lastSeenAt ?? 0)
  return {
    AppInstanceUserArn: arn,
    IsOnline: isOnline,
    LastSeenTimestamp: seenAt ? new Date(seenAt) : undefined,
    Status: status,
    StatusText: statusText,
  }
}
