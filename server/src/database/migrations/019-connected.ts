/** When a session has connected, and from which address: for operators. Sessions from before are without. */
export const connected = () => `
alter table sessions add column connected_at bigint;
alter table sessions add column source_address text;
`
