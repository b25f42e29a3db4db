import type { Dialect } from './dialect.ts'

/**
 * Before the first release, version 20 had its small rows in request_tokens and dropped the rows of version 19. Such a database gets both
 * tables as any other has them; its tokens stay.
 */
export const previousTokens = ({ clustered }: Dialect, found: number) =>
  found !== 20
    ? ''
    : `
alter table request_tokens rename to answered_tokens;

create table request_tokens (
  token text primary key,
  fingerprint text not null,
  result text not null,
  created_at bigint not null
) ${clustered};
create index request_tokens_by_age on request_tokens (created_at);
`
