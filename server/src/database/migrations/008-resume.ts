import type { Dialect } from './dialect.ts'

/**
 * Tables for clients that reconnect with the same sessionId.
 * - resumable_sessions: the sessions that are open, or have been lost. session is a hash of the sessionId. The session gets events from
 *   opened_at on, and its client has certainly received those from before sure_at. sure_at is null while the client answers in time; it
 *   then counts as a little before its node was last alive.
 * - resumable_nodes: when servers that have such sessions were last alive, by their clocks.
 * - departures: which users have left a channel, since no membership says any more what they have missed of it. Deleted together with
 *   channel_events. A crash must not empty these tables, so that clients get the events from shortly before it.
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
