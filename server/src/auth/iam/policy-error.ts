/** What is wrong with a policy, and where: one sentence, on one line, for whoever has written it. */
export class PolicyError extends Error {
  constructor(sentence: string, options?: ErrorOptions) {
    super(sentence.replaceAll(/\p{Cc}/gu, '\u{fffd}'), options)
  }
}
