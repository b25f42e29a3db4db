import type { Command } from 'commander'
import { startApp, type App } from '../app.ts'
import { quoted } from './quoted.ts'
import { addSettings, configOf, type Flags } from './settings.ts'

/** Ends a shutdown that hangs: the operator's contract is exit 0 within ten seconds. */
const shutdownMilliseconds = 9500

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

async function serve(flags: Flags) {
  const config = configOf(flags)
  const stop = askedToStop()
  let serving: App | undefined
  process.on('SIGHUP', () => serving?.reopenAuditLog())
  const app = await Promise.race([startApp(config), stop])
  // Nothing has been served yet, and a migration that was under way is undone.
  if (!app) process.exit(0)
  serving = app
  const file = app.credentialsFile === undefined ? '' : `export AWS_SHARED_CREDENTIALS_FILE=${quoted(app.credentialsFile)}\n`
  const places = [app.url, app.tlsUrl].filter(url => url !== undefined).join(' and ')
  process.stdout.write(`${file}export AWS_ENDPOINT_URL=${app.url}\nCarillon is ready on ${places}\n`)
  await stop
  await app.close()
  process.exit(0)
}

/** Adds `carillon serve`. */
export function addServe(program: Command) {
  addSettings(program.command('serve').description('start the server')).action(serve)
}
