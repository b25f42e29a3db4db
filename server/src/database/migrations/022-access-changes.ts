import type { Dialect } from './dialect.ts'

/**
 * What the last changes of access_version have changed: a key by its id (kind `key`) or a role by its name (`role`). A version without a row
 * may have changed everything: a rotation of the master key, or any change by a node of an older version.
 */
export const accessChanges = ({ clustered }: Dialect) => `
create table access_changes (
  version bigint primary key,
  kind text not null,
  name text not null
) ${clustered};
`
