import type { Dialect } from './dialect.ts'

/**
 * Conventions of the schema:
 * - Times are epoch milliseconds (`…_at`).
 * - Text from users (names, metadata, content, tags, …) is stored as JSON, quotes included: PostgreSQL's text cannot hold U+0000,
 *   and SQL can build pages from it. ARNs and ids need no escaping and are stored as they are.
 * - Rows with an ARN are deleted by a tombstone (`deleted_at`) and are unique only among rows that are not deleted. So an id can be
 *   used again while its old contents are still being purged. There are no foreign keys: a purge removes the contents step by step.
 * - An app instance stores its whole ARN, so other values of --region and --account do not change it.
 */
export const first = ({ identity, clustered }: Dialect) => `
create table settings (
  name text primary key,
  value text not null
);

create table app_instances (
  id ${identity},
  arn text not null,
  name text not null,
  metadata text,
  retention_days bigint,
  retention_starts_at bigint,
  user_count bigint not null default 0,
  channel_count bigint not null default 0,
  created_at bigint not null,
  updated_at bigint not null,
  deleted_at bigint
);
create unique index app_instances_arn on app_instances (arn);

-- Users and bots: what a bearer, a member, a sender can be. A tombstone stays, since messages still name their sender.
create table identities (
  id ${identity},
  app_instance_id bigint not null,
  kind text not null,
  external_id text not null,
  name text not null,
  metadata text,
  configuration text,
  expiration_days bigint,
  expires_at bigint,
  membership_count bigint not null default 0,
  created_at bigint not null,
  updated_at bigint not null,
  deleted_at bigint,
  purged_at bigint
);
create unique index identities_living on identities (app_instance_id, kind, external_id) where deleted_at is null;
create index identities_listed on identities (app_instance_id, kind, id) where deleted_at is null;
create index identities_expiring on identities (expires_at) where expires_at is not null and deleted_at is null;
create index identities_buried on identities (app_instance_id, id) where deleted_at is not null;
create index identities_to_purge on identities (id) where deleted_at is not null and purged_at is null;

create table admins (
  app_instance_id bigint not null,
  identity_id bigint not null,
  created_at bigint not null,
  primary key (app_instance_id, identity_id)
) ${clustered};

-- expires_at is the earliest time at which the channel may be over; where new messages put that off, it is moved when it comes.
-- sequence numbers all that happens in a channel, in commit order; last_event_at never goes back, so created_at of the
-- messages rises with it. last_message_at is what all members see: persistent and sent to everybody. Where elastic is set
-- the channel is so, divided as that says: its members, messages and their times are those of its sub-channels.
create table channels (
  id ${identity},
  app_instance_id bigint not null,
  external_id text not null,
  name text not null,
  metadata text,
  mode text not null,
  privacy text not null,
  created_by bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  last_message_at bigint,
  sequence bigint not null default 0,
  last_event_at bigint not null,
  member_count bigint not null default 0,
  expiration_days bigint,
  expiration_criterion text,
  expires_at bigint,
  flow_id bigint,
  elastic text,
  deleted_at bigint
);
create unique index channels_living on channels (app_instance_id, external_id) where deleted_at is null;
create index channels_of_app_instance on channels (app_instance_id, id) where deleted_at is null;
create index channels_listed on channels (app_instance_id, privacy, id) where deleted_at is null;
create index channels_expiring on channels (expires_at) where expires_at is not null and deleted_at is null;
create index channels_elastic on channels (app_instance_id, id) where elastic is not null and deleted_at is null;
create index channels_to_purge on channels (id) where deleted_at is not null;
create index channels_of_flow on channels (flow_id, id) where flow_id is not null and deleted_at is null;

-- The parts of an elastic channel. member_count counts the members that the service has placed there, never more than
-- capacity; moderator_count those of its moderators. wanted is how many members are still to be moved into a new one; one
-- that is not open is being emptied. sub_channels_with_room finds the newest that takes another member.
create table sub_channels (
  id ${identity},
  channel_id bigint not null,
  external_id text not null,
  capacity bigint not null,
  member_count bigint not null default 0,
  moderator_count bigint not null default 0,
  wanted bigint not null default 0,
  is_open bigint not null default 1,
  last_message_at bigint,
  created_at bigint not null,
  deleted_at bigint
);
create unique index sub_channels_named on sub_channels (channel_id, external_id);
create index sub_channels_listed on sub_channels (channel_id, id);
create index sub_channels_with_room on sub_channels (channel_id, is_open, id) where member_count < capacity and deleted_at is null;
create index sub_channels_to_purge on sub_channels (id) where deleted_at is not null;

-- sub_channel_id is 0 outside elastic channels. last_private_at is the newest message that only this member and its
-- counterpart can see. placed is 1 where the service has chosen the sub-channel, and may choose another: of these a member has
-- one in a channel. memberships_of_member holds all that the list of a user's channels needs, in the order of its pages.
create table memberships (
  id ${identity},
  channel_id bigint not null,
  sub_channel_id bigint not null default 0,
  member_id bigint not null,
  type text not null,
  invited_by bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  read_at bigint,
  last_private_at bigint,
  preferences text,
  placed bigint not null default 0
);
create unique index memberships_of_channel on memberships (channel_id, member_id, sub_channel_id);
create unique index memberships_placed on memberships (channel_id, member_id) where placed = 1;
create index memberships_movable on memberships (channel_id, sub_channel_id, id) where placed = 1;
create index memberships_listed on memberships (channel_id, sub_channel_id, type, id, member_id);
create index memberships_of_member on memberships (member_id, id, channel_id, type, read_at, last_private_at, sub_channel_id);

create table moderators (
  channel_id bigint not null,
  identity_id bigint not null,
  created_by bigint not null,
  created_at bigint not null,
  primary key (channel_id, identity_id)
) ${clustered};
create index moderators_of_identity on moderators (identity_id, channel_id);

create table bans (
  channel_id bigint not null,
  identity_id bigint not null,
  created_by bigint not null,
  created_at bigint not null,
  primary key (channel_id, identity_id)
) ${clustered};
create index bans_of_identity on bans (identity_id, channel_id);

-- A MessageId holds created_at, sequence and nonce, so the primary key is the only index: it finds a message, and a page is
-- one range of it. Messages that only some may see (private = 1) are kept apart, so that nobody's page has to skip them.
-- status is null once the message is sent: PENDING and PASSING (the same of a NON_PERSISTENT one) are on their way through a
-- flow, FAILED ones have ended there.
create table messages (
  channel_id bigint not null,
  sub_channel_id bigint not null default 0,
  private bigint not null,
  created_at bigint not null,
  sequence bigint not null,
  nonce text not null,
  sender_id bigint not null,
  target_id bigint,
  type text not null,
  content text,
  metadata text,
  attributes text,
  content_type text,
  redacted bigint not null default 0,
  status text,
  edited_at bigint,
  updated_at bigint not null,
  primary key (channel_id, sub_channel_id, private, created_at, sequence)
) ${clustered};

-- Who sees a private message: its sender and its target, one row each; only its sender until a flow has released it. One that
-- has FAILED can be read, and is nobody's last message.
create table private_messages (
  channel_id bigint not null,
  sub_channel_id bigint not null default 0,
  viewer_id bigint not null,
  created_at bigint not null,
  sequence bigint not null,
  failed bigint not null default 0,
  primary key (channel_id, sub_channel_id, viewer_id, created_at, sequence)
) ${clustered};

-- processors is JSON, in the order of execution. A flow's id is never used again, so there is no tombstone.
create table channel_flows (
  id ${identity},
  app_instance_id bigint not null,
  external_id text not null,
  name text not null,
  processors text not null,
  created_at bigint not null,
  updated_at bigint not null
);
create unique index channel_flows_named on channel_flows (app_instance_id, external_id);
create index channel_flows_listed on channel_flows (app_instance_id, id);

-- A message or an edit on its way through a flow, as the processors so far have left it; gone when that is decided. processors
-- are those of the time when it was sent, position counts them from 0. A message has one run at a time.
create table flow_runs (
  id ${identity},
  channel_id bigint not null,
  sub_channel_id bigint not null default 0,
  message_id text not null,
  sender_id bigint not null,
  target_id bigint,
  is_edit bigint not null,
  persistence text not null,
  content text not null,
  metadata text,
  attributes text,
  content_type text,
  push_notification text,
  sent_at bigint not null,
  edited_at bigint,
  processors text not null,
  position bigint not null default 0
);
create unique index flow_runs_of_message on flow_runs (channel_id, message_id);

-- One invocation of a processor. expires_at counts from when it is invoked; until then decision is kept, to tell one that comes
-- twice from one that comes with another answer.
create table flow_callbacks (
  callback_id text primary key,
  run_id bigint not null,
  channel_id bigint not null,
  message_id text not null,
  decision text,
  expires_at bigint
) ${clustered};
create index flow_callbacks_by_age on flow_callbacks (expires_at);

-- What leaves the house, at least once. Who delivers an entry moves next_at to the end of its lease.
create table outbox (
  id ${identity},
  kind text not null,
  payload text not null,
  attempts bigint not null default 0,
  next_at bigint not null,
  created_at bigint not null
);
create index outbox_due on outbox (next_at, id);

-- What a ClientRequestToken was answered with. token is a hash of operation, parent, bearer and token.
create table request_tokens (
  token text primary key,
  fingerprint text not null,
  result text not null,
  created_at bigint not null
) ${clustered};
create index request_tokens_by_age on request_tokens (created_at);

-- Devices of users that take pushes. device is a hash of type, resource_arn and device_token, which are too long for an index.
create table endpoints (
  id ${identity},
  external_id text not null,
  identity_id bigint not null,
  device text not null,
  name text,
  type text not null,
  resource_arn text not null,
  device_token text not null,
  voip_device_token text,
  allow_messages text not null,
  created_at bigint not null,
  updated_at bigint not null
);
create unique index endpoints_of_identity on endpoints (identity_id, device);
create index endpoints_listed on endpoints (identity_id, id);

create table streaming_configurations (
  app_instance_id bigint not null,
  data_type text not null,
  resource_arn text not null,
  primary key (app_instance_id, data_type)
) ${clustered};

-- Which node runs a job, and until when nobody else does.
create table job_leases (
  name text primary key,
  until bigint not null
) ${clustered};

create table tags (
  resource_kind text not null,
  resource_id bigint not null,
  tag_key text not null,
  tag_value text not null,
  primary key (resource_kind, resource_id, tag_key)
) ${clustered};
`
