import { onTestFinished } from 'vitest'

/** Work beside a test. */
export interface Repeated {
  /** Resolves once the last steps are over; rejects with what a step has thrown, which ended its loop. */
  readonly stop: () => Promise<void>
}

/** Each of so many loops repeats the step until `stop`, or until the end of the test: none outlives it, or fails another one. */
export function repeatedly(step: (loop: number) => Promise<unknown>, loops = 1): Repeated {
  const over = new AbortController()
  onTestFinished(() => over.abort())
  const running = Array.from({ length: loops }, async (_, loop) => {
    while (!over.signal.aborted) await step(loop)
  })
  const all = Promise.all(running)
  all.catch(() => {})
  return {
    stop: async () => {
      over.abort()
      await all
    },
  }
}
