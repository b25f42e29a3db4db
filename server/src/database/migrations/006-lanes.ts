import type { Dialect } from './dialect.ts'

/**
 * The outbox has a lane for each destination. In an ordered lane the entries have next_at 0, so that the index is in the order of their
 * numbers, and sub_lane says which of them are ordered among themselves. outbox_lanes has the last successes and failures of a lane and, if
 * one node at a time works on it, the lease of that node. outbox_dead has the entries that were given up.
 */
export const lanes = ({ identity, clustered }: Dialect) => `
alter table outbox rename column kind to lane;
alter table outbox add column sub_lane text;
drop index outbox_due;
create index outbox_of_lane on outbox (lane, next_at, id, created_at);

create table outbox_lanes (
  lane text primary key,
  leased_until bigint not null default 0,
  delivered_at bigint,
  failed_at bigint,
  error text
) ${clustered};

create table outbox_dead (
  id ${identity},
  lane text not null,
  sub_lane text,
  payload text not null,
  attempts bigint not null,
  created_at bigint not null,
  died_at bigint not null,
  error text not null
);
create index outbox_dead_of_lane on outbox_dead (lane, id);
`
