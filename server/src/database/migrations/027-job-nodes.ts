/** Which node has taken the lease of a job, so that another node can run the job at once when that node has died. */
export const jobNodes = () => `
alter table job_leases add column held_by text;
`
