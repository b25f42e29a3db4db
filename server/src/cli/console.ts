import type { Command } from 'commander'
import { signInLine } from '../console/link.ts'
import { addSettings } from './settings.ts'
import { withDatabase } from './with-database.ts'

async function run(flags: object) {
  await withDatabase(flags, async (db, config) => {
    if (config.console === 'off') throw new Error('The console is off: remove --console off from the settings of the server.')
    process.stdout.write(`${await signInLine(db, config, Date.now())}\n`)
  })
}

/** Adds `carillon console`. */
export function addConsole(program: Command) {
  addSettings(program.command('console').description('print a link that signs in to the console in the browser, once'), [
    'host',
    'port',
    'tlsPort',
    'publicWsHost',
  ]).action(run)
}
