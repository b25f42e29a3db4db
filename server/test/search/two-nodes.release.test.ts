import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { TableIndex } from '../../src/search/table-index.ts'
import { beginSearch } from '../../src/store/search-generation.ts'
import { lockCreation } from '../../src/store/leases.ts'
import { startWorld } from '../support/world.ts'

test('a node that waits for a long step of another node reports no failure of the search index, and indexes afterwards', async () => {
  const world = await startWorld('postgres')
  onTestFinished(() => world.close())
  const { db } = world.app
  await beginSearch(db)
  let index: TableIndex | undefined
  const metrics = createMetrics()
  await db.transaction(async tx => {
    // In place of a step that takes long; the lease of that node is over.
    await lockCreation(tx, 'search index')
    index = new TableIndex({ db, now: Date.now, log: createLog('silent'), metrics })
    for (let second = 0; second < 9; second++) {
      await setTimeout(1000)
      await lockCreation(tx, 'search index')
    }
  })
  onTestFinished(() => index?.stop())
  expect((await metrics.jobFailures.get()).values).toEqual([])
  await expect.poll(() => index!.isComplete()).toBe(true)
})
