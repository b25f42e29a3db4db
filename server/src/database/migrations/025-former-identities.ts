/** Finds deleted users and bots by their ARN: messages show them as senders. */
export const formerIdentities = () => `
create index identities_former on identities (app_instance_id, kind, external_id, id) where deleted_at is not null;
`
