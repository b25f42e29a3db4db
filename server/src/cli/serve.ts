import type { Command } from 'commander'
import { startApp } from '../app.ts'
import { readConfig, settings, variableOf } from '../config.ts'

/** npm changes into the folder of its package: relative paths count from where the command was given. */
function enterInvokingFolder() {
  if (process.env['INIT_CWD'] && process.env['npm_lifecycle_event']) process.chdir(process.env['INIT_CWD'])
}

async function serve(flags: Record<string, string>) {
  enterInvokingFolder()
  const app = await startApp(readConfig(flags, process.env))
  if (app.credentialsFile) process.stdout.write(`export AWS_SHARED_CREDENTIALS_FILE=${app.credentialsFile}\n`)
  process.stdout.write(`export AWS_ENDPOINT_URL=${app.url}\nCarillon is ready on ${app.url}\n`)

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void app.close().then(() => process.exit(0))
    })
  }
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
