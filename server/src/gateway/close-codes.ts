/** Why a socket is closed, by what the clients make of the code (docs/service/sessions.md#close-codes). */
export const closeCodes = {
  /** Not for good: the credentials have expired, and the client signs with new ones. */
  goingAway: 1001,
  tooLarge: 1009,
  restart: 1012,
  tryLater: 1013,
  /** For good, as all that follow. */
  replaced: 4002,
  forbidden: 4003,
  unauthorized: 4401,
} as const

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes]

/** The longest reason that a close frame takes, in bytes of UTF-8. */
const longestReason = 123

/** Cut where it does not fit. */
export function closeReason(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.byteLength <= longestReason) return text
  return `${new TextDecoder().decode(bytes.subarray(0, longestReason - 3), { stream: true })}…`
}
