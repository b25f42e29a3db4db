import { dirname } from 'node:path'
import type { Command } from 'commander'
import { startApp } from '../app.ts'
import { readConfig, settings, variableOf } from '../config.ts'

/** Ends a shutdown that hangs: the operator's contract is exit 0 within ten seconds. */
const shutdownMilliseconds = 9500

/** npm runs a script in the folder of its package: relative paths count from where the command was given. */
function enterInvokingFolder() {
  const { INIT_CWD, npm_package_json: packageFile } = process.env
  if (INIT_CWD && packageFile && dirname(packageFile) === process.cwd()) process.chdir(INIT_CWD)
}

/** A word as the shell reads it back. */
const quoted = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`)

/** Resolves at the first SIGINT or SIGTERM. Later ones change nothing: npm passes on one that the terminal has sent already. */
function askedToStop(): Promise<void> {
  return new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        setTimeout(() => process.exit(0), shutdownMilliseconds).unref()
        resolve()
      })
    }
  })
}

async function serve(flags: Record<string, string>) {
  enterInvokingFolder()
  const config = readConfig(flags, process.env)
  const stop = askedToStop()
  const app = await Promise.race([startApp(config), stop])
  // Nothing has been served yet, and a migration that was under way is undone.
  if (!app) process.exit(0)
  const file = app.credentialsFile === undefined ? '' : `export AWS_SHARED_CREDENTIALS_FILE=${quoted(app.credentialsFile)}\n`
  process.stdout.write(`${file}export AWS_ENDPOINT_URL=${app.url}\nCarillon is ready on ${app.url}\n`)
  await stop
  await app.close()
  process.exit(0)
}

/** Adds `carillon serve`, with a flag for each setting. */
export function addServe(program: Command) {
  const command = program.command('serve').description('start the server')
  for (const { flag, placeholder, fallback, meaning } of Object.values(settings)) {
    const standard = fallback === undefined ? '' : `; default ${fallback}`
    command.option(`--${flag} <${placeholder}>`, `${meaning} (${variableOf(flag)}${standard})`)
  }
  command.action(serve)
}
