import type { Dialect } from './dialect.ts'

/**
 * Tables with which several nodes work together.
 * - channel_events: events for sockets that no other table holds, for nodes that have missed them. Rows are added in the order of their
 *   numbers and deleted after minutes; messages for all members are in `messages` already.
 * - nodes: each living node updates its row every second, by the clock of the database.
 * - sessions: which socket of which user is on which node. `session` is a hash of the sessionId. A crash may empty the last two.
 */
export const nodes = ({ identity, unlogged }: Dialect) => `
create table channel_events (
  id ${identity},
  channel_id bigint not null,
  sequence bigint not null,
  created_at bigint not null,
  event text not null
);
create index channel_events_by_number on channel_events (channel_id, sequence);

create ${unlogged} table nodes (
  id text primary key,
  name text not null,
  bus text,
  seen_at bigint not null
);

create ${unlogged} table sessions (
  user_id bigint not null,
  session text not null,
  node_id text not null,
  primary key (user_id, session)
);
create index sessions_of_node on sessions (node_id);
`
