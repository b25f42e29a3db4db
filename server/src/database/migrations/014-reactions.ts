import type { Dialect } from './dialect.ts'

/**
 * What members add to a message: its place in the channel is sub_channel_id, message_at and message_sequence.
 * - reactions: one row for each reaction of a user. sequence is the channel's number at which it was added.
 * - reaction_counts: how many users have added it; sequence is that of the first of them.
 * - unwanted_reactions: the redacted and deleted messages whose reactions the purge removes. Their counts are gone already.
 * - threads: how many replies a message has. thread_messages: the replies, each with the message that its thread begins with.
 * - pins: sequence is the channel's number at which the message was pinned.
 */
export const reactions = ({ clustered }: Dialect) => `
create table reactions (
  channel_id bigint not null,
  sub_channel_id bigint not null,
  message_at bigint not null,
  message_sequence bigint not null,
  identity_id bigint not null,
  reaction text not null,
  sequence bigint not null,
  primary key (channel_id, sub_channel_id, message_at, message_sequence, identity_id, reaction)
) ${clustered};
create index reactions_listed on reactions (channel_id, sub_channel_id, message_at, message_sequence, reaction, sequence);

create table reaction_counts (
  channel_id bigint not null,
  sub_channel_id bigint not null,
  message_at bigint not null,
  message_sequence bigint not null,
  reaction text not null,
  count bigint not null,
  sequence bigint not null,
  primary key (channel_id, sub_channel_id, message_at, message_sequence, reaction)
) ${clustered};

create table unwanted_reactions (
  channel_id bigint not null,
  sub_channel_id bigint not null,
  message_at bigint not null,
  message_sequence bigint not null,
  primary key (channel_id, sub_channel_id, message_at, message_sequence)
) ${clustered};

create table threads (
  channel_id bigint not null,
  sub_channel_id bigint not null,
  message_at bigint not null,
  message_sequence bigint not null,
  replies bigint not null,
  last_reply_at bigint,
  primary key (channel_id, sub_channel_id, message_at, message_sequence)
) ${clustered};

create table thread_messages (
  channel_id bigint not null,
  sub_channel_id bigint not null,
  message_at bigint not null,
  message_sequence bigint not null,
  root_at bigint not null,
  root_sequence bigint not null,
  primary key (channel_id, sub_channel_id, message_at, message_sequence)
) ${clustered};
create index thread_messages_listed on thread_messages (channel_id, sub_channel_id, root_at, root_sequence, message_at, message_sequence);

create table pins (
  channel_id bigint not null,
  sub_channel_id bigint not null,
  message_at bigint not null,
  message_sequence bigint not null,
  pinned_by bigint not null,
  pinned_at bigint not null,
  sequence bigint not null,
  primary key (channel_id, sub_channel_id, message_at, message_sequence)
) ${clustered};
`
