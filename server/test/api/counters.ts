import { expect } from 'vitest'
import { statement } from '../../src/database/database.ts'
import type { World } from '../support/world.ts'

/** Counters that differ from what count(*) returns. */
const wrongCounters = statement<{ what: string; id: number; kept: number; real: number }>(`
  select * from (
    select 'members of channel' as what, c.id, c.member_count as kept,
      (select count(*) from memberships m where m.channel_id = c.id) as real
    from channels c where c.deleted_at is null
    union all
    select 'memberships of identity', i.id, i.membership_count, (select count(*) from memberships m where m.member_id = i.id)
    from identities i where i.deleted_at is null
    union all
    select 'users of app instance', a.id, a.user_count,
      (select count(*) from identities i where i.app_instance_id = a.id and i.kind = 'user' and i.deleted_at is null)
    from app_instances a where a.deleted_at is null
    union all
    select 'channels of app instance', a.id, a.channel_count,
      (select count(*) from channels c where c.app_instance_id = a.id and c.deleted_at is null)
    from app_instances a where a.deleted_at is null
  ) counted where kept <> real`)

export async function checkCounters({ app }: World): Promise<void> {
  expect(await app.db.all(wrongCounters)).toEqual([])
}
