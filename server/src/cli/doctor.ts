import type { Command } from 'commander'
import type { Database } from '../database/database.ts'
import { NotSetUp } from '../database/migrate.ts'
import { openExistingDatabase } from '../database/open.ts'
import { createLog } from '../observe/log.ts'
import type { Config } from '../settings/config.ts'
import { livingNodes } from '../store/nodes.ts'
import { messageOf } from '../tools/error-text.ts'
import { certificateFindings } from './certificate-findings.ts'
import { connectionFindings, databaseFindings, hostFindings } from './database-findings.ts'
import { configuredIn, destinationFindings, nothingConfigured, type Configured } from './destination-findings.ts'
import { fault, type Finding } from './finding.ts'
import { keyFindings } from './key-findings.ts'
import { consoleFindings, loginFindings } from './login-findings.ts'
import { nodeFindings } from './node-findings.ts'
import { outboxFindings } from './outbox-findings.ts'
import { searchFindings } from './search-findings.ts'
import { serviceFindings } from './service-findings.ts'
import { addSettings, configOf, type Flags } from './settings.ts'
import { settingsFindings } from './settings-findings.ts'

/** The findings about the database of these settings, and the destinations that app instances have configured there. */
async function ofDatabase(config: Config): Promise<{ findings: readonly Finding[]; configured: Configured }> {
  if (config.databaseUrl === undefined && config.data === ':memory:') return { findings: [], configured: nothingConfigured }
  let opened: Database | undefined
  const findings: Finding[] = []
  try {
    const db = await openExistingDatabase(config, { log: createLog(config.logLevel), follow: () => {} })
    opened = db
    const looks = [
      async () => databaseFindings(db),
      async () => (config.databaseUrl === undefined ? [] : connectionFindings(config.databaseUrl, (await livingNodes(db)).length)),
      async () => (db.kind === 'postgres' ? nodeFindings(config, db) : []),
      async () => outboxFindings(db, Date.now()),
      async () => searchFindings(db, Date.now()),
      async () => keyFindings(config, db),
      async () => loginFindings(config, db),
    ]
    for (const look of looks) findings.push(...(await look()))
    return { findings, configured: await configuredIn(db) }
  } catch (error) {
    const what = error instanceof NotSetUp ? 'There is no database of these settings' : 'The database cannot be used'
    return { findings: [...findings, fault(what, messageOf(error))], configured: nothingConfigured }
  } finally {
    await opened?.close()
  }
}

async function findingsOf(config: Config): Promise<readonly Finding[]> {
  const { findings, configured } = await ofDatabase(config)
  return [
    ...findings,
    ...(config.databaseUrl === undefined ? [] : await hostFindings(config.databaseUrl)),
    ...(await certificateFindings(config, Date.now())),
    ...(await serviceFindings(config)),
    ...(await consoleFindings(config)),
    ...(await destinationFindings(config, configured)),
    ...(await settingsFindings(config)),
  ]
}

async function examine(flags: Flags) {
  const findings = await findingsOf(configOf(flags))
  for (const { kind, what, instead } of findings)
    process.stdout.write(`${kind}: ${what}.\n${instead === undefined ? '' : `        ${instead}\n`}`)
  const wrong = findings.filter(({ kind }) => kind === 'fault' || kind === 'unsafe').length
  process.stdout.write(wrong === 0 ? 'Nothing is wrong.\n' : `${wrong} of these ${wrong === 1 ? 'is' : 'are'} wrong.\n`)
  if (wrong > 0) process.exitCode = 1
}

/** Adds `carillon doctor`, which scripts may also call `carillon check`. */
export function addDoctor(program: Command) {
  addSettings(
    program
      .command('doctor')
      .alias('check')
      .description(
        'examine the database, nodes, clocks, keys, certificates, the outbox, services and settings, and print what to do; exit 1 if something is wrong',
      ),
  ).action(examine)
}
