import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { hasNats } from './server/test/support/nats-program.ts'

type Options = NonNullable<ViteUserConfig['test']>
type Provided = NonNullable<Options['provide']>

const options: Options = {
  // A process each: the programs that tests start are forks of it, and a fork takes long where the process has the memory of all workers.
  pool: 'forks',
  isolate: false,
  // So long that no test fails on a slow or busy machine: one that hangs is found all the same.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  expect: { poll: { timeout: 30_000 } },
}

const both: Provided = { nodes: 1, databases: ['sqlite', 'postgres'] }

const release = '**/*.release.test.ts'

// `npm test` runs these rooms on SQLite only, and all others on both databases.
const onSqlite = ['api/!(idempotency).test.ts', 'auth/{iam,roles}/*.test.ts', '{events,security}/*.test.ts'].map(
  room => `server/test/${room}`,
)

const onNodes = [
  ...onSqlite,
  'server/test/{api,gateway,operations}/*.test.ts',
  'server/test/outbox/{bots,flows,flows-elastic,push-recipients,destinations}.test.ts',
]

// Tests that depend on what comes first, or is visible at once, hold within one node only.
const ofOneNode = ['gateway/{races,shared-details}', 'api/recent-calls'].map(each => `server/test/${each}.test.ts`)

/** `npm test` runs `test` and `sqlite`, `npm run test:release` the others (CONTRIBUTING.md says what is where). */
export default defineConfig({
  test: {
    globalSetup: ['server/test/support/globalSetup.ts'],
    // Two more than CI has cores, since tests wait for processes, for PostgreSQL and for clocks. Each worker has all modules of its own.
    maxWorkers: 4,
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
