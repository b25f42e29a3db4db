import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operations, type OperationName } from '../../src/contract/index.ts'
import { shareableAs, type Database, type Transaction } from '../../src/database/database.ts'
import type { AfterCommit } from '../../src/events/follower.ts'
import { isStored } from '../../src/events/missed.ts'
import { cases } from '../operations/cases.ts'
import { call, makeFixture } from '../operations/fixture.ts'
import { startLambda } from '../support/processor.ts'
import { withTransactions } from '../support/transactions.ts'
import { databaseKinds, startWorld, type World } from '../support/world.ts'

const lambda = await startLambda()
afterAll(() => lambda.close())

/** What follows from each transaction, before another one can change the same rows, and what follows and never happened. */
const told = { stored: [] as string[], missing: [] as string[], invented: [] as string[] }

/** Between a server and its database: asks after each commit whether what follows from it is stored. */
const through = (db: Database) =>
  withTransactions(db, async (work, database) => {
    const following: AfterCommit[] = []
    const seen = async (tx: Transaction) => {
      following.length = 0
      return work({
        all: async (...asked) => tx.all(...asked),
        get: async (...asked) => tx.get(...asked),
        run: async (...asked) => tx.run(...asked),
        storesEvents: tx.storesEvents,
        feedsSearch: tx.feedsSearch,
        afterCommit: (what, channelId) => {
          following.push(what as AfterCommit)
          tx.afterCommit(what, channelId)
        },
      })
    }
    const result = await database.transaction(shareableAs(work, seen))
    for (const what of following) {
      if (!('channelId' in what) || what.sequence === undefined) continue
      const isThere = await isStored(database, what, true)
      ;(isThere ? told.stored : told.missing).push(what.type)
      const other = { ...what, sequence: what.sequence + 1000 }
      if (await isStored(database, other, true)) told.invented.push(what.type)
    }
    return result
  })

describe.each(databaseKinds)('what follows from a transaction, on %s', kind => {
  let world: World
  beforeAll(async () => {
    const settings = { appInstances: '100000', elasticChannelsPerAppInstance: '100', lambdaEndpoint: lambda.url, search: 'on' }
    world = await startWorld(kind, settings, { through })
  })
  afterAll(() => world.close())

  test('is found in the database after its commit, for every operation, and not with another number', async () => {
    for (const name of Object.keys(operations) as OperationName[]) {
      const fixture = await makeFixture(world)
      for (const input of await cases[name].inputs(fixture)) await call(fixture, name, input)
    }
    expect(new Set(told.missing)).toEqual(new Set())
    expect(new Set(told.invented)).toEqual(new Set())
    expect(new Set(told.stored).size).toBeGreaterThan(10)
  })
})
