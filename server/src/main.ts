import { Command } from 'commander'
import packageFile from '../package.json' with { type: 'json' }
import { addBackup } from './cli/backup.ts'
import { addCerts } from './cli/certs.ts'
import { addConsole } from './cli/console.ts'
import { addDoctor } from './cli/doctor.ts'
import { addExport } from './cli/export.ts'
import { addFlows } from './cli/flows.ts'
import { addHealth } from './cli/health.ts'
import { addImport } from './cli/import.ts'
import { addJobs } from './cli/jobs.ts'
import { addKeys } from './cli/keys.ts'
import { addModels } from './cli/models.ts'
import { addOutbox } from './cli/outbox.ts'
import { addRoles } from './cli/roles.ts'
import { addSearch } from './cli/search.ts'
import { addServe } from './cli/serve.ts'
import { ApiError } from './errors.ts'

/** An error at start is printed as one line. */
const oneLine = (text: string) => `carillon: ${text.trim().replaceAll(/\s*\n\s*/g, ' ')}\n`

/** What an error says, with its reason if it has one. */
function sentencesOf(error: unknown): string {
  if (error instanceof ApiError && error.reason !== undefined) return `${error.message}. ${error.reason}`
  return error instanceof Error ? error.message : String(error)
}

const program = new Command('carillon')
  .description('A self-hosted server that speaks the Amazon Chime SDK Messaging and Identity APIs')
  .version(packageFile.version, '-V, --version', 'print the version')
  .configureOutput({ outputError: (text, write) => write(oneLine(text.replace(/^error: /, ''))) })
addServe(program)
addConsole(program)
addCerts(program)
addJobs(program)
addBackup(program)
addExport(program)
addImport(program)
addDoctor(program)
addHealth(program)
addKeys(program)
addRoles(program)
addOutbox(program)
addFlows(program)
addSearch(program)
addModels(program)

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(oneLine(sentencesOf(error)))
  process.exit(1)
}
