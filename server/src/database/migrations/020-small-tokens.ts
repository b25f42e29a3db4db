import type { Dialect } from './dialect.ts'

/**
 * The answers of ClientRequestTokens, in a quarter of the space that they take in request_tokens. token and fingerprint are the beginnings
 * of hashes: of operation, parent, bearer and token, and of the whole input. The tokens of a channel are stored side by side (channel_id is
 * 0 without one), so the row of a message goes where those of the last messages went. There is no index by age: once a day a job looks at
 * the rows of each slot.
 *
 * request_tokens stays: it has the tokens of the last day, and nodes of version 19 that are still running write to it. No row is copied, so
 * this takes no time however many there are.
 */
export const smallTokens = ({ clustered, bytes }: Dialect) => `
create table answered_tokens (
  slot bigint not null,
  channel_id bigint not null,
  token ${bytes} not null,
  fingerprint ${bytes} not null,
  result ${bytes} not null,
  created_at bigint not null,
  primary key (slot, channel_id, token)
) ${clustered};
`
