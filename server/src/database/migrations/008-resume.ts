import type { Dialect } from './dialect.ts'

/**
 * What the server needs to know of a client that reconnects with the same sessionId.
 * - resumable_sessions: the sessions that are open, or have been lost. session is a hash of the sessionId. Before opened_at there is
 *   nothing to hear, and before sure_at the client has certainly received all; that is null while it answers in time, and then it is a
 *   little before its node was last alive.
 * - resumable_nodes: when servers that have such sessions were last alive, by their clocks.
 * - departures: who has left a channel, since nobody else knows what that user has missed of it. Forgotten with channel_events.
 * They must outlive a crash, so that what happened shortly before it is told.
 */
export const resume = ({ identity, clustered }: Dialect) => `
create table resumable_sessions (
  user_id bigint not null,
  session text not null,
  node_id text not null,
  opened_at bigint not null,
  sure_at bigint,
  primary key (user_id, session)
) ${clustered};
create index resumable_sessions_of_node on resumable_sessions (node_id);
create index resumable_sessions_by_age on resumable_sessions (sure_at);

create table resumable_nodes (
  node_id text primary key,
  alive_at bigint not null
);
create index resumable_nodes_by_age on resumable_nodes (alive_at);

create table departures (
  id ${identity},
  member_id bigint not null,
  channel_id bigint not null,
  sub_channel_id bigint not null,
  sequence bigint not null,
  created_at bigint not null
);
create index departures_of_member on departures (member_id, created_at);
`
