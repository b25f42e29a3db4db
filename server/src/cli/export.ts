import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Manifest } from '../moving/folder.ts'
import { quoted } from './quoted.ts'
import { rateOf, rateOption } from './rate.ts'
import { addSettings } from './settings.ts'
import { columns, withDatabase } from './with-database.ts'

/** One row for each kind of what is exported. */
export const countsOf = ({ counts }: Manifest) => columns(Object.entries(counts).map(([type, count]) => [`  ${type}`, String(count)]))

const linesOf = ({ parts }: Manifest) => parts.reduce((sum, { lines }) => sum + lines, 0)

async function exportAppInstance(arn: string, folder: string, { rate, ...flags }: { rate: string }) {
  const target = resolve(folder)
  const [{ exportTo }, { fromDatabase }] = await Promise.all([import('../moving/export.ts'), import('../moving/from-database.ts')])
  await withDatabase(flags, async db => {
    const manifest = await exportTo(target, fromDatabase(db, arn), {
      now: Date.now,
      rate: rateOf(rate),
      progress: part => process.stderr.write(`${linesOf(part)} lines in ${part.parts.length} parts\n`),
    })
    process.stdout.write(`${arn} is exported to ${quoted(target)}:\n${countsOf(manifest)}`)
  })
}

/** Adds `carillon export ARN FOLDER`. */
export function addExport(program: Command) {
  addSettings(
    program
      .command('export <arn> <folder>')
      .description(
        'write an app instance to a folder, also while a server is using the database; once more after an interruption, it goes on',
      )
      .option(...rateOption),
  ).action(exportAppInstance)
}
