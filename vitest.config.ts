import { existsSync } from 'node:fs'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { hasNats } from './server/test/support/nats-program.ts'
import { patience } from './server/test/support/patience.ts'

type Options = NonNullable<ViteUserConfig['test']>
type Provided = NonNullable<Options['provide']>

const options: Options = {
  // A process each: the programs that tests start are forks of it, and a fork takes long where the process has the memory of all workers.
  pool: 'forks',
  isolate: false,
  // So long that no test fails on a slow or busy machine: one that hangs is found all the same.
  testTimeout: 600_000,
  hookTimeout: 600_000,
  expect: { poll: { timeout: patience } },
}

const both: Provided = { nodes: 1, databases: ['sqlite', 'postgres'] }

const release = '**/*.release.test.ts'

// `npm test` runs these on SQLite only, and all others on both databases. On PostgreSQL the project `nodes` runs them.
const onSqlite = [
  'api/!(idempotency).test.ts',
  'auth/{iam,roles}/*.test.ts',
  '{events,operations,security}/*.test.ts',
  'gateway/{own-events,presence,typing,unread-details}.test.ts',
  'outbox/{bots,push-recipients}.test.ts',
].map(room => `server/test/${room}`)

const onNodes = [
  ...onSqlite,
  'server/test/{api,gateway,operations}/*.test.ts',
  'server/test/outbox/{bots,flows,flows-elastic,push-recipients,destinations}.test.ts',
]

// Tests that depend on what comes first, or is visible at once, hold within one node only.
const ofOneNode = ['gateway/{races,shared-details}', 'api/recent-calls'].map(each => `server/test/${each}.test.ts`)

/** The files that take longest, by far: one that began last would run alone at the end. */
const longest = [
  'clients/resume.release',
  'nodes/chaos.release',
  'outbox/crowded-outbox.release',
  'api/unread.release',
  'database/indexes.release',
  'gateway/many-channels.release',
  'gateway/presence.release',
  'clients/browser.release',
  'database/hanging.release',
  'deploy/image.release',
  'outbox/killed-streams.release',
  'nodes/behind.release',
  'outbox/stuck-lane.release',
  'cli/package.release',
  'outbox/lanes',
  'outbox/push-pauses',
  'gateway/presence',
  'events/every-operation',
  'keys/changes',
  'nodes/sessions',
].map(file => `/server/test/${file}.test.ts`)
for (const file of longest)
  if (!existsSync(import.meta.dirname + file)) throw new Error(`vitest.config.ts names ${file}, which does not exist.`)

/** Vitest sorts by what a file took last time; where it has not run yet, as in CI, by its size, which says little. */
class LongestFirst extends BaseSequencer {
  override async sort(given: TestSpecification[]): Promise<TestSpecification[]> {
    const place = new Map(longest.map((file, index) => [file, index]))
    const placeOf = ({ moduleId }: TestSpecification) => place.get(moduleId.slice(import.meta.dirname.length)) ?? longest.length
    // oxlint-disable-next-line unicorn/no-array-sort -- a method of that name.
    const files = await super.sort(given)
    // Files of one project stay together, since each project has workers of its own.
    return files.toSorted((a, b) => a.project.name.localeCompare(b.project.name) || placeOf(a) - placeOf(b))
  }
}

/** `npm test` runs `test` and `sqlite`, `npm run test:release` the others (CONTRIBUTING.md says what is where). */
export default defineConfig({
  test: {
    globalSetup: ['server/test/support/globalSetup.ts'],
    // Two more than CI has cores, since tests wait for processes, for PostgreSQL and for clocks. Each worker has all modules of its own.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: { ...options, name: 'test', provide: both, include: ['server/test/**/*.test.ts'], exclude: [release, ...onSqlite] },
      },
      { test: { ...options, name: 'sqlite', provide: { nodes: 1, databases: ['sqlite'] }, include: onSqlite, exclude: [release] } },
      { test: { ...options, name: 'release', provide: both, include: [`server/test/${release}`] } },
      // With requests and sockets spread over three nodes at random.
      {
        test: {
          ...options,
          name: 'nodes',
          provide: { nodes: hasNats ? 3 : 1, databases: ['postgres'] },
          include: onNodes,
          exclude: [release, ...ofOneNode],
        },
      },
    ],
  },
})
