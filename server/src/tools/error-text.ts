/** The longest message of an error that is logged or stored. Some contain the whole response of a service. */
const longestMessage = 2000

/** If a host has several addresses, of which none can be reached, Node's error has no message of its own. */
const wholeMessage = (error: unknown): string => {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(wholeMessage).join('; ')
  return error instanceof Error ? error.message : String(error)
}

/** The message of an error in one line, and without what a service may have written for the terminal of whoever reads it. */
export const messageOf = (error: unknown) =>
  wholeMessage(error)
    .slice(0, longestMessage)
    .replaceAll(/\p{Cc}+/gu, ' ')
