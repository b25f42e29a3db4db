/** console_codes has the hashes of codes that sign in to the console, until they are used or expire. */
export const consoleCodes = () => `
create table console_codes (
  hash text primary key,
  expires_at bigint not null
);
`
