/** What is wrong with a policy and where: one sentence on one line, for the author of the policy. */
export class PolicyError extends Error {
  constructor(sentence: string, options?: ErrorOptions) {
    super(sentence.replaceAll(/\p{Cc}/gu, '\u{fffd}'), options)
  }
}

/** Adds the place to a PolicyError of the work. */
export function within<Value>(place: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (error instanceof PolicyError) throw new PolicyError(`${place}: ${error.message}`, { cause: error })
    throw error
  }
}
