/**
 * `npm run demo`: a server on data of its own with a little world in it, the list of a user's channels, and what to try next.
 * It serves until Ctrl-C. What it keeps is in `data/demo`; CARILLON_ variables, which may name real data, are not read.
 */

import { once } from 'node:events'
import { createServer } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ChimeSDKIdentity } from '@aws-sdk/client-chime-sdk-identity'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import type { App } from '../server/src/app.ts'
import { exported } from '../server/src/cli/exported.ts'
import { quoted } from '../server/src/cli/quoted.ts'
import { clientVariables, readyLine, serve } from '../server/src/cli/serve.ts'
import { readConfig, type Config } from '../server/src/settings/config.ts'
import { settings } from '../server/src/settings/settings.ts'
import { channelsOf, demoWorld, type Listed, type World } from './demo-world.ts'

const root = resolve(import.meta.dirname, '..')

/** The port, or any other one where another process listens on it. */
async function freePort(port: number): Promise<string> {
  const server = createServer().listen(port, settings.host.fallback)
  try {
    await once(server, 'listening')
    return String(port)
  } catch {
    return '0'
  } finally {
    server.close()
  }
}

async function demoConfig(): Promise<Config> {
  const { values } = parseArgs({ options: { port: { type: 'string' }, 'tls-port': { type: 'string' }, data: { type: 'string' } } })
  const data = values.data === undefined ? join(root, 'data/demo') : resolve(process.env['INIT_CWD'] ?? '.', values.data)
  const port = values.port ?? (await freePort(settings.port.fallback))
  const tlsPort = values['tls-port'] ?? (await freePort(settings.tlsPort.fallback))
  return readConfig({ data, port, tlsPort, logLevel: 'warn' }, {})
}

const listOf = (pages: readonly Listed[][]) =>
  pages
    .flatMap((page, index) =>
      page.map(
        ({ name, isUnread }, row) =>
          `  ${(row === 0 ? `page ${index + 1}` : '').padEnd(9)}${name.padEnd(10)}${isUnread ? 'unread' : 'read'}\n`,
      ),
    )
    .join('')

/** What the reader is told. Lines to be pasted into a shell begin at the margin. */
const shown = ({ app, file, bob, pages }: { app: App; file: string; bob: string; pages: readonly Listed[][] }) => `\
${readyLine(app)}
Bob's channels, two a page, as ListChannelMembershipsForAppInstanceUser answers:

${listOf(pages)}
What to try next: open another shell, and set the endpoint, the keys and the ARNs of the demo there.

cd ${quoted(root)} && . ${quoted(file)}

List Bob's channels with the AWS CLI, with boto3, or with the AWS SDK for JavaScript:

aws chime-sdk-messaging list-channel-memberships-for-app-instance-user --chime-bearer "$BOB" --endpoint-url "$AWS_ENDPOINT_URL"

python3 -c '
import boto3, os
messaging = boto3.client("chime-sdk-messaging", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
page = messaging.list_channel_memberships_for_app_instance_user(ChimeBearer=os.environ["BOB"])
print([entry["ChannelSummary"]["Name"] for entry in page["ChannelMemberships"]])'

node --input-type=module -e '
import { ChimeSDKMessaging } from "@aws-sdk/client-chime-sdk-messaging"
const page = await new ChimeSDKMessaging({}).listChannelMembershipsForAppInstanceUser({ ChimeBearer: process.env.BOB })
console.log(page.ChannelMemberships.map(entry => entry.ChannelSummary.Name))'

Or chat in the browser. Open the address that this command prints, and sign in as Bob:

npx vite examples/browser

  Endpoint           ${app.url}
  Access key ID and
  Secret access key  the two in ${app.credentialsFile}
  User               ${bob}

  The browser does not know the server's certificate yet: follow the link that the page shows and accept the
  certificate there. Where the page has given up by then, press Connect again. Then let Alice write to Bob:

aws chime-sdk-messaging send-channel-message --channel-arn "$CHANNEL" --chime-bearer "$ALICE" --content "Hello, Bob" --type STANDARD --persistence PERSISTENT --endpoint-url "$AWS_ENDPOINT_URL"

The demo serves until Ctrl-C, and keeps what you do in ${dirname(file)}.
`

/** A file that gives a shell what the commands need. */
async function writeVariables(app: App, config: Config, { alice, bob }: World, pages: readonly Listed[][]): Promise<string> {
  const channels = pages.flat()
  const channel = channels.find(({ name }) => name === 'general') ?? channels[0]
  const file = join(config.data, 'variables')
  const variables = { ...clientVariables(app, config), ALICE: alice, BOB: bob, CHANNEL: channel?.arn ?? '' }
  await writeFile(file, exported(variables))
  return file
}

/** Makes the world where it is missing, and shows it by the stock SDK, as any other client sees it. */
async function show(app: App, config: Config) {
  const options = { endpoint: app.url, region: config.region, credentials: app.rootKey }
  const [identity, messaging] = [new ChimeSDKIdentity(options), new ChimeSDKMessaging(options)]
  try {
    const world = await demoWorld({ identity, messaging })
    const pages = await channelsOf(messaging, world.bob)
    const file = await writeVariables(app, config, world, pages)
    process.stdout.write(shown({ app, file, bob: world.bob, pages }))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`What is in ${config.data} is no demo: ${why}. Remove that folder, and the next demo makes a new one.`, {
      cause: error,
    })
  } finally {
    identity.destroy()
    messaging.destroy()
  }
}

// A terminal that is closed ends the demo too; for a server that signal means to reopen its log.
process.on('SIGHUP', () => process.kill(process.pid, 'SIGTERM'))
try {
  const config = await demoConfig()
  await serve(config, app => show(app, config))
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
