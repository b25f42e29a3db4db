import type { Dialect } from './dialect.ts'

/** When the token buckets of the rates are full again, for several nodes that share them. A crash may empty this table. */
export const rates = (dialect: Dialect) => `
create ${dialect.unlogged} table rate_buckets (
  key text primary key,
  full_at bigint not null
);
`
