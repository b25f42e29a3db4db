import type { Dialect } from './dialect.ts'

/**
 * A user's status, which it sets, and when it was last seen, which nodes write in batches. own_events are the events that Amazon does not
 * have and that all sessions of an app instance get, as JSON; presence_off is 1 if nobody's presence is shown.
 */
export const presence = ({ clustered }: Dialect) => `
create table presences (
  identity_id bigint primary key,
  status text,
  status_text text,
  last_seen_at bigint
) ${clustered};
alter table app_instances add column own_events text;
alter table app_instances add column presence_off bigint not null default 0;
`
