import { expect, test } from 'vitest'
import { chaos, chosenFaults } from '../../../bench/chaos/run.ts'
import { faults } from '../../../bench/chaos/faults.ts'
import { hasNats } from '../support/nats.ts'
import { main } from '../support/process.ts'

/** More time, for a machine that is busy with other tests. */
const boundMilliseconds = 90_000

test.skipIf(!hasNats)(
  'no acknowledged message is lost, heard twice or out of order, and every client recovers after each kind of fault',
  { timeout: 1_200_000 },
  async () => {
    const kinds = chosenFaults(15, Object.keys(faults).length)
    const { found, history } = await chaos({ seed: 15, faults: kinds, nodes: 3, lastsMilliseconds: 5000, boundMilliseconds, main })
    expect(found).toEqual({})
    expect(history.recoveries.map(({ fault }) => fault.replace(/^\d+ /, '')).toSorted()).toEqual(
      ['start', ...Object.keys(faults), 'end', 'quiet'].toSorted(),
    )
    expect(history.sent.length).toBeGreaterThan(200)
  },
)
