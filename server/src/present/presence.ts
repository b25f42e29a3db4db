import type { StoredPresence } from '../store/presences.ts'

/** In larger channels presence is a number, without names. */
export const namedMembersAtMost = 100

/** What the nodes know of users beside what is stored. */
export interface OnlineNow {
  isOnline(userId: number): boolean
  /** When the user was last seen, if that was a short time ago. */
  lastSeen(userId: number): number | undefined
}

/** The wire's Presence as others see it. Of a user that is not shown they see that it is offline. */
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
