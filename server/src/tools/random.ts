import { randomFillSync } from 'node:crypto'

const poolBytes = 4096
let pool = Buffer.alloc(0)

/**
 * Returns that many random bytes, 4096 at most. They come from a pool, since asking the operating system for twelve costs as much
 * as for thousands. Do not use them for long-lived keys, which should be in no memory but their own.
 */
export function pooledRandomBytes(count: number): Buffer {
  if (pool.length < count) pool = randomFillSync(Buffer.allocUnsafeSlow(poolBytes))
  const bytes = pool.subarray(0, count)
  pool = pool.subarray(count)
  return bytes
}
