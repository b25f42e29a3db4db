/** The row of an app instance has the streams of its events, so that the statement that takes a channel's next number can return them. */
export const streams = () => `
alter table app_instances add column channel_stream text;
alter table app_instances add column message_stream text;
update app_instances set
  channel_stream = (select resource_arn from streaming_configurations where app_instance_id = app_instances.id and data_type = 'Channel'),
  message_stream = (select resource_arn from streaming_configurations where app_instance_id = app_instances.id and data_type = 'ChannelMessage');
drop table streaming_configurations;
`
