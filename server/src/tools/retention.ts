const day = 24 * 60 * 60 * 1000

/** The creation time before which the retention of an app instance hides messages, in epoch milliseconds. They are deleted later. */
export const retentionCutoff = (now: number, days: number | undefined) => (days === undefined ? 0 : now - days * day)
