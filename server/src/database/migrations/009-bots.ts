/**
 * channels.bots has the ids of the bots in a channel, separated by blanks, or null. The statement that takes a channel's next number
 * returns them, so a channel without bots pays nothing. The index finds the entries of the outbox that wait for an earlier one of their
 * sub-lane; in lanes of streams, whose entries have next_at 0, it has no rows.
 */
export const bots = () => `
alter table channels add column bots text;
update channels set bots = found.ids
from (
  select channel_id, string_agg(cast(id as text), ' ') as ids from (
    select distinct m.channel_id, i.id from identities i join memberships m on m.member_id = i.id
    where i.kind = 'bot' and i.deleted_at is null) as members
  group by channel_id) as found
where found.channel_id = channels.id;
create index outbox_of_sub_lane on outbox (lane, sub_lane, id) where next_at > 0 and sub_lane is not null;
`
