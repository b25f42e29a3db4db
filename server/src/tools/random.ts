import { randomFillSync } from 'node:crypto'

const poolBytes = 4096
let pool = Buffer.alloc(0)

/**
 * So many random bytes, 4096 at the most, that nobody else gets. They are drawn for many at once: asking the operating system for
 * twelve costs as much as asking for thousands. Not for keys that last, which should be in no memory but their own.
 */
export function pooledRandomBytes(count: number): Buffer {
  if (pool.length < count) pool = randomFillSync(Buffer.allocUnsafeSlow(poolBytes))
  const bytes = pool.subarray(0, count)
  pool = pool.subarray(count)
  return bytes
}
