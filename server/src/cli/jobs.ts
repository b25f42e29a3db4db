import type { Command } from 'commander'
import { jobNames, jobsOf } from '../jobs/index.ts'
import { purgeStep } from '../jobs/purge.ts'
import { createLog } from '../log.ts'
import { openDatabase } from '../store/open.ts'
import { addSettings, configOf, type Flags } from './settings.ts'

/** Runs a job to its end, whoever holds its lease, and what it has deleted is purged. There are no sockets here to be told. */
async function run(name: string, flags: Flags) {
  if (!jobNames.includes(name)) throw new Error(`There is no job ${name}. Known are ${jobNames.join(', ')}.`)
  const config = configOf(flags)
  const db = await openDatabase(config, { log: createLog(config.logLevel), tell: () => {} })
  try {
    await jobsOf({ db, now: Date.now, purgeSoon: () => {} })
      .find(known => known.name === name)!
      .run()
    while (await purgeStep(db, Date.now()));
    while (await db.tidy());
  } finally {
    await db.close()
  }
}

/** Adds `carillon jobs run NAME`. */
export function addJobs(program: Command) {
  const jobs = program.command('jobs').description('what happens by the clock')
  addSettings(jobs.command('run <name>').description('run a job now, on the database of these settings')).action(run)
}
