import { expect, test } from 'vitest'
import { appendInOrder, firstInOutbox, laneOf } from '../../src/store/outbox.ts'
import { moveToDead } from '../../src/store/outbox-dead.ts'
import { markFailed } from '../../src/store/outbox-lanes.ts'
import { onBothDatabases, type World } from '../support/world.ts'

let lanes = 0

/** A lane of a kind that has no delivery, with entries that were given up. */
async function deadLane({ app, now }: World, count: number) {
  const Lane = laneOf('nowhere', `place-${lanes++}`)
  await app.db.transaction(async tx => {
    for (let index = 0; index < count; index++) await appendInOrder(tx, Lane, 'channel', `"secret ${index}"`, now())
    for (const entry of await firstInOutbox(tx, Lane, count)) await moveToDead(tx, entry, now(), 'it is too large')
    await markFailed(tx, Lane, now(), 'the place is gone')
  })
  return Lane
}

onBothDatabases('The outbox over the API', world => {
  const laneIn = async (lane: string) => (await world().carillon.call('ListOutboxLanes', {})).OutboxLanes!.find(({ Lane }) => Lane === lane)

  test('shows its lanes, their last errors, and page by page what was given up, without its content', async () => {
    const { carillon } = world()
    const Lane = await deadLane(world(), 3)
    expect(await laneIn(Lane)).toMatchObject({ Kind: 'nowhere', WaitingCount: 0, DeadCount: 3, LastError: 'the place is gone' })
    const first = await carillon.call('ListDeadOutboxEntries', { Lane, MaxResults: 2 })
    const second = await carillon.call('ListDeadOutboxEntries', { Lane, NextToken: first.NextToken! })
    const entries = [...first.DeadOutboxEntries!, ...second.DeadOutboxEntries!]
    expect([first.DeadOutboxEntries!.length, entries.length, second.NextToken]).toEqual([2, 3, undefined])
    expect(entries[0]).toMatchObject({ Lane, SubLane: 'channel', AttemptCount: 0, LastError: 'it is too large', Size: 10 })
    expect(JSON.stringify(entries)).not.toContain('secret')
  })

  test('retries entries by their ids, and drops the rest of a lane', async () => {
    const { carillon } = world()
    const Lane = await deadLane(world(), 3)
    const { DeadOutboxEntries } = await carillon.call('ListDeadOutboxEntries', { Lane })
    const ids = DeadOutboxEntries!.map(({ EntryId }) => EntryId!)
    expect(await carillon.call('RetryDeadOutboxEntries', { EntryIds: [ids[1]!, 999_999_999] })).toMatchObject({
      EntryCount: 1,
      HasMore: false,
    })
    expect(await laneIn(Lane)).toMatchObject({ WaitingCount: 1, DeadCount: 2 })
    expect(await carillon.call('DropDeadOutboxEntries', { Lane })).toMatchObject({ EntryCount: 2, HasMore: false })
    expect(await laneIn(Lane)).toMatchObject({ WaitingCount: 1, DeadCount: 0 })
  })

  test('decides on a thousand entries at once, and says that there are more', async () => {
    const { carillon } = world()
    const Lane = await deadLane(world(), 1001)
    expect(await carillon.call('DropDeadOutboxEntries', { Lane })).toMatchObject({ EntryCount: 1000, HasMore: true })
    expect(await carillon.call('DropDeadOutboxEntries', { Lane })).toMatchObject({ EntryCount: 1, HasMore: false })
  })
})
