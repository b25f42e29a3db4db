import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { hasNats } from './server/test/support/nats-program.ts'

type Options = NonNullable<ViteUserConfig['test']>

const options: Options = {
  pool: 'threads',
  isolate: false,
  // So long that a slow or busy machine fails nothing: what hangs is found all the same.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  expect: { poll: { timeout: 30_000 } },
}

const onSeveralNodes = ['api', 'auth/roles', 'events', 'gateway', 'operations', 'security'].map(room => `server/test/${room}/**/*.test.ts`)

// What comes first, or is seen at once, is certain within one node only.
const ofOneNode = ['**/*.release.test.ts', 'server/test/gateway/races.test.ts', 'server/test/gateway/shared-details.test.ts']

/** `npm test` is the one project, `npm run test:release` the other (CONTRIBUTING.md says what is where). */
export default defineConfig({
  test: {
    globalSetup: ['server/test/support/globalSetup.ts'],
    // One more than CI has cores, since tests wait for processes, for PostgreSQL and for clocks. Each worker has all modules of its own.
    maxWorkers: 3,
    projects: [
      {
        test: { ...options, name: 'test', provide: { nodes: 1 }, include: ['server/test/**/*.test.ts'], exclude: ['**/*.release.test.ts'] },
      },
      { test: { ...options, name: 'release', provide: { nodes: 1 }, include: ['server/test/**/*.release.test.ts'] } },
      // The same promises with requests and sockets spread over three nodes at random.
      {
        test: {
          ...options,
          name: 'nodes',
          provide: { nodes: 3 },
          include: onSeveralNodes,
          exclude: hasNats ? ofOneNode : ['**'],
        },
      },
    ],
  },
})
