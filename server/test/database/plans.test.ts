import { constants, DatabaseSync, type StatementSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operations, type OperationName } from '../../src/contract/index.ts'
import { jobsOf } from '../../src/jobs/index.ts'
import { purgeStep } from '../../src/jobs/purge.ts'
import { cases } from '../operations/cases.ts'
import { call, makeFixture } from '../operations/fixture.ts'
import { listen } from '../support/sockets.ts'
import { startWorld, type World } from '../support/world.ts'

type Prepare = (this: DatabaseSync, text: string, ...options: unknown[]) => StatementSync

/** SQLite calls the authorizer while it plans a statement, and at no other time. */
class Plans {
  readonly executed = new Set<string>()
  readonly plannedAgain = new Set<string>()
  readonly #watched = new WeakSet<DatabaseSync>()
  readonly #prepare = Reflect.get(DatabaseSync.prototype, 'prepare') as Prepare
  #executing: string | undefined

  /** Every statement that is prepared from now on, on any connection of this process. */
  watch() {
    const prepared = (database: DatabaseSync, text: string, options: unknown[]) => {
      this.#watch(database)
      return this.#follow(text, this.#prepare.call(database, text, ...options))
    }
    const prepare: Prepare = function (text, ...options) {
      return prepared(this, text, options)
    }
    Object.assign(DatabaseSync.prototype, { prepare })
  }

  end() {
    Object.assign(DatabaseSync.prototype, { prepare: this.#prepare })
  }

  #watch(database: DatabaseSync) {
    if (this.#watched.has(database)) return
    this.#watched.add(database)
    database.setAuthorizer(() => {
      if (this.#executing !== undefined) this.plannedAgain.add(this.#executing)
      return constants.SQLITE_OK
    })
  }

  #follow(text: string, statement: StatementSync) {
    for (const way of ['all', 'get', 'run'] as const) {
      const execute = statement[way] as (...values: unknown[]) => unknown
      Object.assign(statement, {
        [way]: (...values: unknown[]) => {
          this.executed.add(text)
          this.#executing = text
          try {
            return execute.apply(statement, values)
          } finally {
            this.#executing = undefined
          }
        },
      })
    }
    return statement
  }
}

let plans: Plans
let world: World
beforeAll(async () => {
  plans = new Plans()
  plans.watch()
  world = await startWorld('sqlite', { appInstances: '100000', elasticChannelsPerAppInstance: '100', search: 'on' })
  return () => world.close()
})
afterAll(() => plans.end())

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim()

test('SQLite plans no statement twice', async () => {
  for (const name of Object.keys(operations) as OperationName[]) {
    const fixture = await makeFixture(world)
    for (const input of await cases[name].inputs(fixture)) await call(fixture, name, input)
  }
  const { app, now, advance } = world
  const { user } = await world.appInstance(['alice'])
  await world.messaging.createChannel({ AppInstanceArn: user('').replace('/user/', ''), Name: 'x', ChimeBearer: user('alice') })
  await listen(app, user('alice'))
  advance(90 * 86_400_000)
  for (const { run } of jobsOf({ db: app.db, now })) await run()
  while (await purgeStep(app.db, now()));
  await app.db.tidy()
  expect(plans.executed.size).toBeGreaterThan(100)
  expect([...plans.plannedAgain].filter(text => !text.startsWith('pragma')).map(oneLine)).toEqual([])
})
