/** What everybody who asks within a second shares. Where it fails the next who asks has it computed again. */
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
