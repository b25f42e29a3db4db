import type { Dialect } from './dialect.ts'

/**
 * The keys and roles beside the root key. A secret is stored encrypted (AES-256-GCM) under the master key whose id is beside it; no
 * master key is ever in the database. Policies are stored as they were given.
 */
export const access = ({ clustered }: Dialect) => `
-- One row, which every change below locks and counts up: nodes that have seen the number have seen the change.
create table access_version (
  id integer primary key,
  version bigint not null
);
insert into access_version (id, version) values (1, 0);

-- The one in use has no retired_at. Those that are retired open session tokens for a while longer.
create table master_keys (
  id text primary key,
  created_at bigint not null,
  retired_at bigint
) ${clustered};

create table access_keys (
  id text primary key,
  name text not null,
  policy text not null,
  sealed_secret text not null,
  master_key_id text not null,
  created_at bigint not null,
  disabled_at bigint
) ${clustered};
create unique index access_keys_name on access_keys (name);

create table iam_roles (
  name text primary key,
  id text not null,
  policy text not null,
  trust text not null,
  tags text not null,
  longest_seconds bigint not null,
  created_at bigint not null,
  updated_at bigint not null
) ${clustered};
`
