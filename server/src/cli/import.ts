import { resolve } from 'node:path'
import type { Command } from 'commander'
import { isClaimed } from '../database/data-folder.ts'
import type { Database } from '../database/database.ts'
import type { Config } from '../settings/config.ts'
import { quoted } from './quoted.ts'
import { countsOf } from './export.ts'
import { rateOf, rateOption } from './rate.ts'
import { addSettings } from './settings.ts'
import { withDatabase } from './with-database.ts'

/** How often the progress is printed, in milliseconds. */
const printed = 2000
/**
 * The longest statement on PostgreSQL. At the end of an import some count all messages of a channel: with the time of a server, a channel of
 * some 100,000 messages could never be imported, however often the import is continued.
 */
const statementMilliseconds = 60 * 60 * 1000

function printer() {
  let last = Date.now()
  return (stored: number, all: number) => {
    if (Date.now() - last < printed && stored < all) return
    last = Date.now()
    process.stderr.write(`${stored} of ${all} lines\n`)
  }
}

/** A sentence for the operator if new app instances of this server have another region or account. */
function strange(arn: string, { region, account }: { region: string; account: string }) {
  const [, , , itsRegion, itsAccount] = arn.split(':')
  return itsRegion === region && itsAccount === account
    ? ''
    : `Its ARN keeps the region and account ${itsRegion}:${itsAccount}; those of this server are ${region}:${account}. Policies must have the ARN with its region and account.\n`
}

async function importFolder(folder: string, { rate, abandon: isAbandoned, ...flags }: { rate: string; abandon?: true }) {
  const source = resolve(folder)
  const { abandon, Import, wholeManifest } = await import('../moving/import.ts')
  if (isAbandoned) {
    await withDatabase(flags, async db => {
      if (!(await abandon(db, source))) throw new Error('There is no unfinished import of this app instance.')
      process.stdout.write('What the import has stored will be purged.\n')
    })
    return
  }
  // A folder without an export must not leave an empty database.
  await wholeManifest(source)
  const work = async (db: Database, config: Config) => {
    const isBesideServer = isClaimed(config)
    const pace = { rate: rateOf(rate, '--rate'), isBesideServer }
    const importing = new Import(db, { now: Date.now, ...pace, limits: config.limits, progress: printer() })
    const manifest = await importing.run(source)
    const { arn } = manifest.appInstance as { arn: string }
    process.stdout.write(`${arn} is imported from ${quoted(source)}:\n${countsOf(manifest)}${strange(arn, config)}`)
  }
  await withDatabase(flags, work, { creates: true, statementMilliseconds })
}

/** Adds `carillon import FOLDER`. */
export function addImport(program: Command) {
  addSettings(
    program
      .command('import <folder>')
      .description(
        'store an exported app instance, also while a server is using the database, which is created if there is none; after an interruption, run it again to continue',
      )
      .option(...rateOption)
      .option('--abandon', 'removes what an unfinished import has stored'),
    ['region', 'account'],
  ).action(importFolder)
}
