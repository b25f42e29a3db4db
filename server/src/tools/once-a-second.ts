/** Shares a result between all calls within a second. If the work fails, the next call runs it again. */
export function onceASecond<Result>(compute: () => Promise<Result>): () => Promise<Result> {
  let latest: Promise<Result> | undefined
  let at = 0
  return async () => {
    const now = performance.now()
    if (latest && now - at < 1000) return latest
    at = now
    const computing = compute()
    latest = computing
    computing.catch(() => {
      if (latest === computing) latest = undefined
    })
    return computing
  }
}
