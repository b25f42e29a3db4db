import type { Dialect } from './dialect.ts'

/**
 * Unread counts (docs/decisions/0018-unread-counts.md).
 * - channels.counted and sub_channels.counted: how many messages have become visible to all members, ever, without those that do not count.
 *   messages.ordinal is that number when the message became visible.
 * - The arrival of a message is the number of the channel with which it became visible: its sequence, or `released` after a flow.
 * - read_positions: up to where a member has read. own_after counts its own messages behind it, those included that are gone; corrected is
 *   the arrival of its newest row in unread_corrections.
 * - unread_corrections: where a difference of ordinals is not the count. Rows of viewer 0 are messages that have been redacted or deleted,
 *   with their sender unless a flow has released them; the others are a viewer's targeted messages, mentions, and own messages that a flow
 *   has released.
 * - channels.last_correction and last_release are the newest arrivals of a row of viewer 0 and of a released message; retention has deleted
 *   the messages before emptied_before. By them a query sees that it has nothing to look up.
 */
export const unread = ({ clustered }: Dialect) => `
alter table channels add column counted bigint not null default 0;
alter table channels add column last_correction bigint not null default 0;
alter table channels add column last_release bigint not null default 0;
alter table channels add column emptied_before bigint not null default 0;
alter table sub_channels add column counted bigint not null default 0;
alter table messages add column ordinal bigint not null default 0;
alter table messages add column released bigint;
create index messages_released on messages (channel_id, sub_channel_id, released) where released is not null;

create table read_positions (
  member_id bigint not null,
  channel_id bigint not null,
  sub_channel_id bigint not null,
  ordinal bigint not null,
  arrival bigint not null,
  read_at bigint not null,
  own_after bigint not null default 0,
  corrected bigint not null default 0,
  primary key (member_id, channel_id, sub_channel_id)
) ${clustered};

create table unread_corrections (
  channel_id bigint not null,
  sub_channel_id bigint not null,
  viewer_id bigint not null,
  arrival bigint not null,
  created_at bigint not null,
  sequence bigint not null,
  unread bigint not null,
  mentions bigint not null,
  sender_id bigint not null default 0,
  primary key (channel_id, sub_channel_id, viewer_id, arrival)
) ${clustered};
create index unread_corrections_of_message on unread_corrections (channel_id, sub_channel_id, arrival) where viewer_id > 0;
create index unread_corrections_by_age on unread_corrections (channel_id, sub_channel_id, created_at);

${[...numbersOfExisting(() => 'true'), ...unreadOfExisting(() => 'true')].join(';\n')};
`

const arrival = 'coalesce(released, sequence)'

/** Numbers the messages of the channels whose ids the condition selects, in the order of their arrival; an import uses it too. */
export const numbersOfExisting = (isIn: (channelId: string) => string): string[] => [
  `
    update messages set ordinal = numbered.ordinal from (
      select channel_id, sub_channel_id, private, created_at, sequence,
        sum(case when private = 0 and type = 'STANDARD' then 1 else 0 end)
          over (partition by channel_id, sub_channel_id order by ${arrival}) as ordinal
      from messages where ${isIn('channel_id')}) as numbered
    where messages.channel_id = numbered.channel_id and messages.sub_channel_id = numbered.sub_channel_id
      and messages.private = numbered.private and messages.created_at = numbered.created_at and messages.sequence = numbered.sequence`,
  `
    update channels set counted =
      coalesce((select max(ordinal) from messages where channel_id = channels.id and sub_channel_id = 0), 0)
    where ${isIn('id')}`,
  `
    update sub_channels set counted =
      coalesce((select max(ordinal) from messages where channel_id = sub_channels.channel_id and sub_channel_id = sub_channels.id), 0)
    where ${isIn('channel_id')}`,
]

/** Initializes the unread counts of those channels. */
export const unreadOfExisting = (isIn: (channelId: string) => string): string[] => [
  `
    insert into unread_corrections
    select channel_id, sub_channel_id, 0, ${arrival}, created_at, sequence, -1, 0, case when released is null then sender_id else 0 end
    from messages
    where private = 0 and type = 'STANDARD' and redacted = 1 and ${isIn('channel_id')}
    on conflict do nothing`,
  `
    insert into unread_corrections
    select channel_id, sub_channel_id, target_id, ${arrival}, created_at, sequence, 1, 0, 0 from messages
    where private = 1 and type = 'STANDARD' and redacted = 0 and status is null and target_id <> sender_id and ${isIn('channel_id')}
    on conflict do nothing`,
  `
    update channels set last_correction =
      coalesce((select max(arrival) from unread_corrections where channel_id = channels.id and viewer_id = 0), 0)
    where ${isIn('id')}`,
  `
    insert into read_positions
    with own as (
      select channel_id, sub_channel_id, sender_id, max(created_at) as sent_at from messages where type = 'STANDARD' and ${isIn('channel_id')}
      group by channel_id, sub_channel_id, sender_id),
    places as (
      select m.member_id, m.channel_id, m.sub_channel_id, m.created_at, coalesce(m.read_at, 0) as marked_at, coalesce(own.sent_at, 0) as sent_at
      from memberships m left join own
        on own.channel_id = m.channel_id and own.sub_channel_id = m.sub_channel_id and own.sender_id = m.member_id
      where ${isIn('m.channel_id')}),
    read as (
      select member_id, channel_id, sub_channel_id,
        case when created_at >= marked_at and created_at >= sent_at then created_at when marked_at >= sent_at then marked_at else sent_at end
          as read_at
      from places),
    found as (
      select read.*,
        (select ordinal from messages x where x.channel_id = read.channel_id and x.sub_channel_id = read.sub_channel_id
           and x.private = 0 and x.created_at <= read.read_at order by x.created_at desc, x.sequence desc limit 1) as ordinal,
        (select sequence from messages x where x.channel_id = read.channel_id and x.sub_channel_id = read.sub_channel_id
           and x.private = 0 and x.created_at <= read.read_at order by x.created_at desc, x.sequence desc limit 1) as public_arrival,
        (select sequence from messages x where x.channel_id = read.channel_id and x.sub_channel_id = read.sub_channel_id
           and x.private = 1 and x.created_at <= read.read_at order by x.created_at desc, x.sequence desc limit 1) as private_arrival
      from read)
    select member_id, channel_id, sub_channel_id, coalesce(ordinal, 0),
      case when public_arrival is null or private_arrival > public_arrival then coalesce(private_arrival, 0) else public_arrival end,
      read_at, 0,
      coalesce((select max(u.arrival) from unread_corrections u where u.channel_id = found.channel_id
        and u.sub_channel_id = found.sub_channel_id and u.viewer_id = found.member_id), 0)
    from found where true
    on conflict do nothing`,
]
