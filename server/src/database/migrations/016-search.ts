import type { Dialect } from './dialect.ts'

/**
 * search_changes has the messages that the search index has not read yet: new ones, and changed ones with their previous content
 * (old_content). With SQLite the index is a file of its own. With PostgreSQL it is the table search_index: the words of a message, each
 * after the place that it is in. The inserts are made in batches, so its GIN index needs no list of pending entries, which every search
 * would have to read.
 */
export const search = ({ identity, onPostgres }: Dialect) => `
create table search_changes (
  id ${identity},
  channel_id bigint not null,
  sub_channel_id bigint not null,
  created_at bigint not null,
  sequence bigint not null,
  sender_id bigint not null,
  target_id bigint,
  old_content text,
  noted_at bigint not null
);
create index search_changes_of_message on search_changes (channel_id, sequence, id) where old_content is not null;
${onPostgres(`
create table search_index (
  channel_id bigint not null,
  sub_channel_id bigint not null,
  created_at bigint not null,
  sequence bigint not null,
  words tsvector not null,
  primary key (channel_id, sequence)
);
create index search_index_words on search_index using gin (words) with (fastupdate = off);
`)}`
