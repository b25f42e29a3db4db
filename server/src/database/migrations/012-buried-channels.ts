/** channels_buried finds the deleted channels of an app instance that is purged: without it the purge would read every deleted channel. */
export const buriedChannels = () => `
create index channels_buried on channels (app_instance_id, id) where deleted_at is not null;
`
