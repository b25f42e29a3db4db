/** channels_buried finds the deleted channels of an app instance that is purged: without it every deleted channel would be looked at. */
export const buriedChannels = () => `
create index channels_buried on channels (app_instance_id, id) where deleted_at is not null;
`
