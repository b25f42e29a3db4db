import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { startLambda } from '../support/processor.ts'
import { onBothDatabases } from '../support/world.ts'
import { UnreadModel, walk } from './unread-model.ts'

const lambda = await startLambda()
afterAll(() => lambda.close())

onBothDatabases(
  'Unread counts',
  world => {
    test('are what a simple model says after each of thousands of acts', { timeout: 900_000 }, async () => {
      const property = fc.asyncProperty(walk(60), async steps => {
        const model = await UnreadModel.open(world(), lambda)
        for (const step of steps) {
          await model.does(step)
          expect(await model.told()).toEqual(model.expected())
        }
      })
      await fc.assert(property, { numRuns: 40, endOnFailure: true })
    })
  },
  { lambdaEndpoint: lambda.url },
)
