/**
 * Runs work at an interval, never twice at once. Of failures in a row, `failed` is called for the first. Returns a function that ends it,
 * and resolves when no run is in progress.
 */
export function repeated(milliseconds: number, work: () => Promise<unknown>, failed: (error: unknown) => void): () => Promise<void> {
  let running: Promise<void> | undefined
  let hasFailed = false
  const run = async () => {
    try {
      await work()
      hasFailed = false
    } catch (error) {
      if (!hasFailed) failed(error)
      hasFailed = true
    }
    running = undefined
  }
  const timer = setInterval(() => {
    running ??= run()
  }, milliseconds).unref()
  return async () => {
    clearInterval(timer)
    await running
  }
}
