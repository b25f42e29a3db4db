/** What is wrong with a policy and where: one sentence on one line, for the author of the policy. */
export class PolicyError extends Error {
  constructor(sentence: string, options?: ErrorOptions) {
    super(sentence.replaceAll(/\p{Cc}/gu, '\u{fffd}'), options)
  }
}

/** Runs work; a PolicyError of it gets `where` as the beginning of its message. */
export function within<Value>(where: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (error instanceof PolicyError) throw new PolicyError(`${where}: ${error.message}`, { cause: error })
    throw error
  }
}
