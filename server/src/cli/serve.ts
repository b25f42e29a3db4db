import type { Command } from 'commander'
import type { App } from '../app.ts'
import type { Config } from '../settings/config.ts'
import { consoleUrl, signInLine } from '../console/link.ts'
import { claimDataFolder } from '../database/data-folder.ts'
import { countAppInstances } from '../store/app-instances.ts'
import { growLimitOfExternalMemory } from '../tools/external-memory.ts'
import { exported, regionVariables } from './exported.ts'
import { endOfNpx } from './npx.ts'
import { notifySystemd } from './readiness.ts'
import { addAllSettings, configOf, type Flags } from './settings.ts'

/** After this time a shutdown that hangs is cut off: the process promises to exit with 0 within ten seconds. */
const shutdownMilliseconds = 9500

/** Resolves at the first SIGINT or SIGTERM. Later ones change nothing: npm repeats a signal that the terminal has already sent. */
function askedToStop(): Promise<void> {
  return new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve())
  })
}

/** The environment variables of a client of this server. */
export const clientVariables = ({ credentialsFile, url }: App, { region }: Config) => ({
  ...(credentialsFile !== undefined && { AWS_SHARED_CREDENTIALS_FILE: credentialsFile }),
  AWS_ENDPOINT_URL: url,
  ...regionVariables(region),
})

export const readyLine = ({ url, tlsUrl }: App) => `Carillon is ready on ${tlsUrl === undefined ? url : `${url} and ${tlsUrl}`}\n`

/** The server's code is loaded only when a server starts. Without it, other commands and refused starts take half the time. */
async function start(config: Config): Promise<App> {
  const { startApp } = await import('../app.ts')
  return startApp(config)
}

/** Starts a server, runs `whenReady`, and exits with 0 after a signal, or when npx has ended that has started it. */
export async function serve(config: Config, whenReady: (app: App) => Promise<void> | void) {
  growLimitOfExternalMemory()
  const stop = Promise.race([askedToStop(), endOfNpx()])
  void stop.then(() => setTimeout(() => process.exit(0), shutdownMilliseconds).unref())
  let serving: App | undefined
  // Also without an audit log: a server continues when its terminal is closed.
  process.on('SIGHUP', () => serving?.reopenAuditLog())
  const release = await claimDataFolder(config)
  const app = await Promise.race([start(config), stop])
  // Nothing has been served yet, and a migration in progress is rolled back.
  if (!app) process.exit(0)
  serving = app
  await whenReady(app)
  await stop
  await app.close()
  release()
  process.exit(0)
}

const pagesOf = ({ adminUrl }: App) => (adminUrl === undefined ? '' : `# /health and /metrics are on ${adminUrl}\n`)

/** The settings with the ports at which the server listens. */
const reached = ({ url, tlsUrl }: App, config: Config) => ({
  ...config,
  port: Number(new URL(url).port),
  tlsPort: tlsUrl === undefined ? config.tlsPort : Number(new URL(tlsUrl).port),
})

/** A link that signs in to the console. */
export async function consoleLine(app: App, config: Config): Promise<string> {
  return `# The console in the browser: ${await signInLine(app.db, reached(app, config), Date.now())}\n`
}

/** The lines about the console: at the first start with a link that signs in, later with its address only. */
async function consoleLines(app: App, config: Config): Promise<string> {
  if (config.console === 'off') return ''
  if ((await countAppInstances(app.db)) > 0)
    return `# The console in the browser: ${consoleUrl(reached(app, config))}, signed in to by: carillon console\n`
  return consoleLine(app, config)
}

async function run(flags: Flags) {
  const config = configOf(flags)
  await serve(config, async app => {
    const lines = [exported(clientVariables(app, config)), pagesOf(app), await consoleLines(app, config), readyLine(app)]
    process.stdout.write(lines.join(''))
    notifySystemd()
  })
}

/** Adds `carillon serve`. */
export function addServe(program: Command) {
  addAllSettings(program.command('serve').description('start the server')).action(run)
}
