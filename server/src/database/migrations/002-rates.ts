import type { Dialect } from './dialect.ts'

/** When the token buckets of rate limits are full again, where several nodes take from them. Nothing of it needs to outlive a crash. */
export const rates = (dialect: Dialect) => `
create ${dialect.unlogged} table rate_buckets (
  key text primary key,
  full_at bigint not null
);
`
