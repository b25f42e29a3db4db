/** For operators: when a session has connected, and from which address. Sessions from before this migration have neither. */
export const connected = () => `
alter table sessions add column connected_at bigint;
alter table sessions add column source_address text;
`
