/**
 * Devices that pushes are sent to. status_reason says why a device is INACTIVE, and is null while it is ACTIVE. An app instance without an
 * active device costs a message with a PushNotification one look-up in endpoints_active. endpoints_of_device finds the other users under
 * whom the same device is registered.
 */
export const push = () => `
alter table endpoints add column app_instance_id bigint not null default 0;
alter table endpoints add column status_reason text;
update endpoints set app_instance_id = coalesce((select i.app_instance_id from identities i where i.id = endpoints.identity_id), 0);
create index endpoints_active on endpoints (app_instance_id) where status_reason is null;
create index endpoints_of_device on endpoints (device, app_instance_id);
`
