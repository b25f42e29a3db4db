/** The random mark of each change of keys and roles, and of the last one. A node of an older version sets none. */
export const accessMarks = () => `
alter table access_version add column mark text not null default '';
alter table access_changes add column mark text not null default '';
`
