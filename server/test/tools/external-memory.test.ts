import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { hasOldLimits } from '../../src/tools/external-memory.ts'

const module = new URL('../../src/tools/external-memory.ts', import.meta.url).href

/** Prints how often V8 collects all of a heap of some 40 MB while a gigabyte of buffers passes by. */
const program = `
  const { growLimitOfExternalMemory } = await import(${JSON.stringify(module)})
  if (process.argv[1] === 'grow') growLimitOfExternalMemory()
  const kept = Array.from({ length: 400_000 }, (_, index) => ({ index, text: 'text ' + index }))
  let whole = 0
  const { constants, PerformanceObserver } = await import('node:perf_hooks')
  new PerformanceObserver(list => {
    for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) whole++
  }).observe({ entryTypes: ['gc'] })
  for (let count = 0; count < 2000; count++) {
    Buffer.alloc(512 * 1024)
    await new Promise(resolve => setImmediate(resolve))
  }
  await new Promise(resolve => setTimeout(resolve, 10))
  console.log(whole, kept.length)
`

async function wholeCollections(how: 'grow' | 'leave'): Promise<number> {
  // Without the threads of the collector, which on a busy machine fall behind: then V8 begins more collections, whatever the limit.
  const args = ['--max-semi-space-size=4', '--single-threaded-gc', '--input-type=module', '--eval', program, how]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: fileURLToPath(new URL('.', import.meta.url)) })
  return Number(stdout.split(' ')[0])
}

test.skipIf(!hasOldLimits(process.versions.v8))(
  'buffers that pass by cause at most half as many collections of the whole heap',
  async () => {
    expect(await wholeCollections('grow')).toBeLessThanOrEqual((await wholeCollections('leave')) / 2)
  },
)

test('the flag is set for the versions of V8 that have it', () => {
  expect(['13.6.233.17-node.53', '14.7.100', '14.8.1', '15.0.1'].map(hasOldLimits)).toEqual([true, true, false, false])
})
