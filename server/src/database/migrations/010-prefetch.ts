/**
 * A number that rises whenever a user or bot of the app instance gets another name or is deleted: details of channels that are
 * shared by several readers show names, and a channel does not number such a change.
 */
export const prefetch = () => `
alter table app_instances add column identities_version bigint not null default 0;
`
