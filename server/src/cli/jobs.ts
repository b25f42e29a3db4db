import type { Command } from 'commander'
import { jobNames, jobsOf } from '../jobs/index.ts'
import { addSettings } from './settings.ts'
import { withDatabase } from './with-database.ts'

/** Runs a job to its end, even if a server holds its lease, and purges what it has deleted. */
async function run(name: string, flags: object) {
  if (!jobNames.includes(name)) throw new Error(`There is no job ${name}. The jobs are ${jobNames.join(', ')}.`)
  await withDatabase(flags, async db => {
    const jobs = new Map(jobsOf({ db, now: Date.now }).map(job => [job.name, job]))
    const job = jobs.get(name)!
    const done = name === 'purge' ? '' : ` (${job.counts}: ${await job.run()})`
    const steps = await jobs.get('purge')!.run()
    process.stdout.write(`The job ${name} has run${done}. ${purged(steps)}.\n`)
  })
}

function purged(steps: number) {
  if (steps === 0) return 'There was nothing to purge'
  return `What was deleted has been purged, in ${steps} ${steps === 1 ? 'step' : 'steps'}`
}

/** Adds `carillon jobs run NAME`. */
export function addJobs(program: Command) {
  const jobs = program.command('jobs').description('run scheduled jobs by hand')
  addSettings(jobs.command('run <name>').description(`run a job now and print what it did: ${jobNames.join(', ')}`)).action(run)
}
