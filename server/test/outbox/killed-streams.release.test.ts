import { expect, test } from 'vitest'
import { streamThroughKills } from '../../../bench/streaming/kills.ts'
import { createPostgresDatabase, databaseKinds } from '../support/world.ts'

test.each(databaseKinds)(
  'a server that is killed while it streams to a Kinesis that fails, cuts and is away loses no record, and each channel keeps its order, on %s',
  async kind => {
    const databaseUrl = kind === 'postgres' ? await createPostgresDatabase({ made: true }) : undefined
    const plan = { messages: 2000, channels: 20, kills: 3, awayMilliseconds: 3000, databaseUrl, say: () => {} }
    const { wrong, kills, calls } = await streamThroughKills(plan)
    expect({ wrong, kills }).toEqual({ wrong: [], kills: 3 })
    expect(calls).toBeGreaterThan(13)
  },
)
