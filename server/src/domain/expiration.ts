/** Milliseconds of a day. */
const day = 24 * 60 * 60 * 1000

/** When something that lasts so many days from then is over, in epoch milliseconds; undefined where it never is. */
export const expiryOf = (from: number, days: number | undefined) => (days === undefined ? undefined : from + days * day)

/** The creation time before which retention hides messages. */
export const retentionCutoff = (now: number, days: number | undefined) => (days === undefined ? 0 : now - days * day)

/** For so long after setting or shortening a retention period nothing is deleted for good (spec/operations.md §1). */
export const retentionGrace = 30 * day
