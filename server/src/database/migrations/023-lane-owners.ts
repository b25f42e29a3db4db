/**
 * Which node has leased an entry or a lane, so that the others can take over from a node that is dead; null without a lease. And until when
 * a lane pauses because its destination has asked for it, with the reason.
 */
export const laneOwners = () => `
alter table outbox add column leased_by text;
alter table outbox_lanes add column leased_by text;
alter table outbox_lanes add column paused_until bigint;
alter table outbox_lanes add column pause_reason text;
`
