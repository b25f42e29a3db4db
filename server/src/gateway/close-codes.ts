/** The reasons to close a socket, by how clients react to the code (docs/service/sessions.md#close-codes). */
export const closeCodes = {
  /** The credentials have expired; clients connect again and sign with new ones. */
  goingAway: 1001,
  tooLarge: 1009,
  /** Clients connect again after this code and the next one. */
  restart: 1012,
  tryLater: 1013,
  /** Clients do not connect again after this code and the next ones. */
  replaced: 4002,
  forbidden: 4003,
  unauthorized: 4401,
} as const

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes]

/** The longest reason of a close frame, in bytes of UTF-8. */
const longestReason = 123

/** Returns the text as the reason of a close frame, cut where it is too long. */
export function closeReason(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.byteLength <= longestReason) return text
  return `${new TextDecoder().decode(bytes.subarray(0, longestReason - 3), { stream: true })}…`
}
