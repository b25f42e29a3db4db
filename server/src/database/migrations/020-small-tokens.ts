import type { Dialect } from './dialect.ts'

/**
 * The answers of ClientRequestTokens, in a quarter of the space that they took before. token and fingerprint are the beginnings of hashes:
 * of operation, parent, bearer and token, and of the whole input. The tokens of a channel are stored side by side (channel_id is 0 without
 * one), so the row of a message goes where those of the last messages went. There is no index by age: once a day a job looks at the rows of
 * each slot.
 *
 * Tokens from before are dropped: their rows do not say of which channel they are. A request that was carried out before the upgrade and is
 * sent again after it is carried out again, as after an import.
 */
export const smallTokens = ({ clustered, bytes }: Dialect) => `
drop table request_tokens;

create table request_tokens (
  slot bigint not null,
  channel_id bigint not null,
  token ${bytes} not null,
  fingerprint ${bytes} not null,
  result ${bytes} not null,
  created_at bigint not null,
  primary key (slot, channel_id, token)
) ${clustered};
`
