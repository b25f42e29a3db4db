import type { Dialect } from './dialect.ts'

/**
 * App instances that are being imported. Until the import is finished, the row of the app instance has deleted_at, so that nobody sees it;
 * the purge and the jobs ignore it. The first `line` lines of the part `part` of the export are stored. imported_identities finds a user or
 * bot by the name that it has in the export.
 */
export const imports = ({ clustered }: Dialect) => `
create table imports (
  app_instance_id bigint primary key,
  export_id text not null,
  part bigint not null,
  line bigint not null,
  started_at bigint not null
);

create table imported_identities (
  app_instance_id bigint not null,
  ref text not null,
  identity_id bigint not null,
  primary key (app_instance_id, ref)
) ${clustered};
`
