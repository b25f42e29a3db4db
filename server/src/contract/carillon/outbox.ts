import { NextToken, Text, Timestamp, anything, paging } from '../common.ts'
import { operation } from '../operation.ts'
import { boolean, integer, list, structure, text } from '../shapes.ts'

const Lane = text({ minLength: 1, maxLength: 2048, pattern: anything })
const EntryIds = list(integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), { minItems: 1, maxItems: 100 })

/** Entries for one destination. */
const OutboxLane = structure({
  Lane,
  Kind: Text,
  Destination: Text,
  WaitingCount: integer(),
  OldestTimestamp: Timestamp,
  DeadCount: integer(),
  DeliveredTimestamp: Timestamp,
  FailedTimestamp: Timestamp,
  LastError: Text,
  PausedUntilTimestamp: Timestamp,
  PauseReason: Text,
})

/** An entry that was given up. Its content stays in the database: `carillon outbox list` shows it. */
const DeadOutboxEntry = structure({
  EntryId: integer(),
  Lane,
  SubLane: Text,
  AttemptCount: integer(),
  CreatedTimestamp: Timestamp,
  DiedTimestamp: Timestamp,
  LastError: Text,
  Size: integer(),
})

export const outbox = {
  ListOutboxLanes: operation('GET /carillon/outbox-lanes', 200, {}, { OutboxLanes: list(OutboxLane) }),
  ListDeadOutboxEntries: operation(
    'GET /carillon/dead-outbox-entries',
    200,
    { Lane, ...paging },
    { DeadOutboxEntries: list(DeadOutboxEntry), NextToken },
  ),
  RetryDeadOutboxEntries: operation(
    'POST /carillon/dead-outbox-entries/retry',
    200,
    { EntryIds, Lane },
    { EntryCount: integer(), HasMore: boolean() },
  ),
  DropDeadOutboxEntries: operation(
    'POST /carillon/dead-outbox-entries/drop',
    200,
    { EntryIds, Lane },
    { EntryCount: integer(), HasMore: boolean() },
  ),
}
