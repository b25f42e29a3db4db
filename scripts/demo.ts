/**
 * `npm run demo`: starts a server on data of its own with a few users and channels, lists a user's channels, and prints what to try next.
 * It runs until Ctrl-C. Its data is in `data/demo`; CARILLON_ variables, which may name real data, are not read.
 */

import { once } from 'node:events'
import { createServer } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ChimeSDKMessaging, paginateListChannelMembershipsForAppInstanceUser } from '@aws-sdk/client-chime-sdk-messaging'
import type { App } from '../server/src/app.ts'
import { exported } from '../server/src/cli/exported.ts'
import { quoted } from '../server/src/cli/quoted.ts'
import { clientVariables, consoleLine, readyLine, serve } from '../server/src/cli/serve.ts'
import { readConfig, type Config } from '../server/src/settings/config.ts'
import { settings } from '../server/src/settings/settings.ts'

const root = resolve(import.meta.dirname, '..')

/** The port, or a free one if another process listens on it. */
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
  return readConfig({ data, port, tlsPort, logLevel: 'error', search: 'on', seed: join(import.meta.dirname, 'demo-seed.json') }, {})
}

interface Listed {
  readonly name: string
  readonly isUnread: boolean
}

/** A user's channels, page by page. A channel with a message newer than the user's read marker is unread. */
async function channelsOf(messaging: ChimeSDKMessaging, user: string): Promise<Listed[][]> {
  const pages: Listed[][] = []
  for await (const page of paginateListChannelMembershipsForAppInstanceUser({ client: messaging, pageSize: 2 }, { ChimeBearer: user })) {
    const listed = page.ChannelMemberships!.map(({ ChannelSummary: channel, AppInstanceUserMembershipSummary: mine }) => {
      const read = mine!.ReadMarkerTimestamp?.getTime() ?? 0
      return { name: channel!.Name!, isUnread: (channel!.LastMessageTimestamp?.getTime() ?? 0) > read }
    })
    pages.push(listed)
  }
  return pages
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

/** The text for the reader. Lines to be pasted into a shell begin at the margin. */
const shown = ({ app, file, bob, pages, link }: { app: App; file: string; bob: string; pages: readonly Listed[][]; link: string }) => `\
${readyLine(app)}
${link}
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
  certificate there. If the page has given up by then, press Connect again. Then send Bob a message from Alice:

aws chime-sdk-messaging send-channel-message --channel-arn "$CHANNEL" --chime-bearer "$ALICE" --content "Hello, Bob" --type STANDARD --persistence PERSISTENT --endpoint-url "$AWS_ENDPOINT_URL"

The demo runs until Ctrl-C, and stores what you do in ${dirname(file)}.
`

/** A file that sets the variables that the commands need. */
async function writeVariables(app: App, config: Config, bob: string): Promise<string> {
  const file = join(config.data, 'variables')
  const variables = { ALICE: `${appInstanceOf(config)}/user/alice`, BOB: bob, CHANNEL: `${appInstanceOf(config)}/channel/general` }
  await writeFile(file, exported({ ...clientVariables(app, config), ...variables }))
  return file
}

const appInstanceOf = ({ region, account }: Config) => `arn:aws:chime:${region}:${account}:app-instance/demo`

/** Lists what the seed has created with the stock SDK, as any other client would. */
async function show(app: App, config: Config) {
  const messaging = new ChimeSDKMessaging({ endpoint: app.url, region: config.region, credentials: app.rootKey })
  try {
    const bob = `${appInstanceOf(config)}/user/bob`
    const pages = await channelsOf(messaging, bob)
    const file = await writeVariables(app, config, bob)
    process.stdout.write(shown({ app, file, bob, pages, link: await consoleLine(app, config) }))
  } finally {
    messaging.destroy()
  }
}

// The end of the terminal ends the demo too; a server would reopen its log at that signal.
process.on('SIGHUP', () => process.kill(process.pid, 'SIGTERM'))
try {
  const config = await demoConfig()
  await serve(config, app => show(app, config))
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
