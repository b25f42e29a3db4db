import { Command } from 'commander'
import packageFile from '../package.json' with { type: 'json' }
import { ApiError } from './errors.ts'

/** The commands, in the order of the help. */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  serve: async () => (await import('./cli/serve.ts')).addServe,
  console: async () => (await import('./cli/console.ts')).addConsole,
  certs: async () => (await import('./cli/certs.ts')).addCerts,
  jobs: async () => (await import('./cli/jobs.ts')).addJobs,
  backup: async () => (await import('./cli/backup.ts')).addBackup,
  export: async () => (await import('./cli/export.ts')).addExport,
  import: async () => (await import('./cli/import.ts')).addImport,
  doctor: async () => (await import('./cli/doctor.ts')).addDoctor,
  health: async () => (await import('./cli/health.ts')).addHealth,
  keys: async () => (await import('./cli/keys.ts')).addKeys,
  roles: async () => (await import('./cli/roles.ts')).addRoles,
  outbox: async () => (await import('./cli/outbox.ts')).addOutbox,
  flows: async () => (await import('./cli/flows.ts')).addFlows,
  search: async () => (await import('./cli/search.ts')).addSearch,
  models: async () => (await import('./cli/models.ts')).addModels,
}

/**
 * Adds the command that is named. Loading all commands takes longer than most of them run, so that happens only for the help and for a
 * wrong name.
 */
async function addCommands(program: Command, name = '') {
  const load = Object.hasOwn(commands, name) ? [commands[name]!] : Object.values(commands)
  for (const add of await Promise.all(load.map(async each => each()))) add(program)
}

/** An error at start is printed as one line. */
const oneLine = (text: string) => `carillon: ${text.trim().replaceAll(/\s*\n\s*/g, ' ')}\n`

/** The message of an error, with its Reason if it has one. */
function sentencesOf(error: unknown): string {
  if (error instanceof ApiError && error.reason !== undefined) return `${error.message}. ${error.reason}`
  return error instanceof Error ? error.message : String(error)
}

const program = new Command('carillon')
  .description('A self-hosted server that speaks the Amazon Chime SDK Messaging and Identity APIs')
  .version(packageFile.version, '-V, --version', 'print the version')
  .configureOutput({ outputError: (text, write) => write(oneLine(text.replace(/^error: /, ''))) })

try {
  await addCommands(program, process.argv[2])
  await program.parseAsync()
  // A connection that a service has not answered, such as a frozen NATS, would keep the process of a command that is done.
  process.stdout.write('', () => process.exit())
} catch (error) {
  process.stderr.write(oneLine(sentencesOf(error)))
  process.exit(1)
}
