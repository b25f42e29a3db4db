/** Why a message has FAILED, for its sender. */
export const statusDetail = () => `
alter table messages add column status_detail text;
`
