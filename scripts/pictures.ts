/**
 * Takes the pictures of the console in docs/pictures: a real server with a chat, two minutes of traffic, and the pages in Chromium as Debian
 * installs it. Run it with `node scripts/pictures.ts` after a change of the console that they show.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ChimeSDKIdentity } from '@aws-sdk/client-chime-sdk-identity'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { chromium } from 'playwright-core'
import { WebSocket } from 'ws'
import { presignedTarget, rootKey } from '../bench/support/signed.ts'
import { startApp } from '../server/src/app.ts'
import { Carillon } from '../server/src/client/carillon.ts'
import { issueCode } from '../server/src/console/codes.ts'
import { readConfig } from '../server/src/settings/config.ts'

const pictures = resolve(import.meta.dirname, '../docs/pictures')
await using stack = new AsyncDisposableStack()
const data = await mkdtemp(join(tmpdir(), 'carillon-pictures-'))
stack.defer(() => rm(data, { recursive: true, force: true }))
const variables = { CARILLON_ACCESS_KEY_ID: rootKey.accessKeyId, CARILLON_SECRET_ACCESS_KEY: rootKey.secretAccessKey }
const app = await startApp(readConfig({ data, port: '0', tls: 'off', tlsPort: '0', logLevel: 'fatal', recentCalls: 'whole' }, variables))
stack.defer(() => app.close())
const options = { endpoint: app.url, region: 'us-east-1', credentials: rootKey }
const [identity, messaging, carillon] = [new ChimeSDKIdentity(options), new ChimeSDKMessaging(options), new Carillon(options)]

/** How long the traffic lasts, in steps of a tenth of a second. */
const steps = 1200

const names = ['Anna', 'Ben', 'Clara', 'David', 'Elif', 'Farid', 'Grace', 'Hugo']
const { AppInstanceArn = '' } = await identity.createAppInstance({ Name: 'Appointments' })
const userOf = (name: string) => `${AppInstanceArn}/user/${name.toLowerCase()}`
for (const Name of names) await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: Name.toLowerCase(), Name })
await identity.createAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn: userOf('Anna') })
const { ChannelArn } = await messaging.createChannel({
  AppInstanceArn,
  Name: 'Front desk',
  MemberArns: names.slice(1).map(userOf),
  ChimeBearer: userOf('Anna'),
})

const sockets: WebSocket[] = []
stack.defer(() => sockets.forEach(socket => socket.terminate()))
/** Sends messages in waves, opens a socket now and then, and tries what a member may not do. */
async function makeTraffic() {
  for (let step = 0; step < steps; step++) {
    const together = Math.round(2 + 1.5 * Math.sin(step / 60) + Math.random())
    const sends = Array.from({ length: together }, async (_, index) =>
      messaging.sendChannelMessage({
        ChannelArn,
        Content: `The patient of ${8 + (step % 9)}:${String((step * 5) % 60).padStart(2, '0')} has arrived`,
        Type: 'STANDARD',
        Persistence: 'PERSISTENT',
        ChimeBearer: userOf(names[(step + index) % names.length]!),
      }),
    )
    await Promise.all(sends)
    if (step % 30 === 0 && sockets.length < 24) {
      const target = presignedTarget(app.url, userOf(names[sockets.length % names.length]!))
      sockets.push(new WebSocket(`${app.url.replace('http', 'ws')}${target}`))
    }
    if (step % 97 === 0) await refused()
    await setTimeout(100)
  }
}

const refused = async () => messaging.deleteChannel({ ChannelArn, ChimeBearer: userOf('Ben') }).catch(() => {})

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
stack.defer(() => browser.close())
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
const picture = async (name: string) => page.screenshot({ path: join(pictures, `console-${name}.png`) })
const nav = async (name: string) => page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name }).click()
await page.goto(`${app.url}/console#code=${await issueCode(app.db, Date.now())}`)
await makeTraffic()
await picture('overview')

await refused()
await messaging.listChannelMessages({ ChannelArn, ChimeBearer: userOf('Clara') })
await nav('Requests')
await page.getByRole('button', { name: 'DeleteChannel' }).first().click()
await page.getByText('Role in the API').waitFor()
await page.getByRole('button', { name: 'Pause' }).click()
await page.mouse.move(0, 0)
await picture('requests')

const Statement = [
  { Sid: 'Chat', Effect: 'Allow', Action: 'chime:*', Resource: [AppInstanceArn, `${AppInstanceArn}/*`] },
  {
    Sid: 'NotFromOutside',
    Effect: 'Deny',
    Action: '*',
    Resource: '*',
    Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
  },
]
await carillon.call('CreateAccessKey', {
  UserName: 'appointments-back-end',
  Policy: JSON.stringify({ Version: '2012-10-17', Statement }),
})
await nav('Keys and roles')
await page.getByRole('link', { name: 'appointments-back-end' }).click()
await page.getByLabel('ChimeBearer').fill(userOf('Anna'))
await page.getByLabel('ChannelArn').fill(ChannelArn!)
await page.getByRole('button', { name: 'Try it' }).click()
const outcome = page.getByText('IAM does not allow it')
await outcome.waitFor()
await page.evaluate('document.activeElement.blur()')
await outcome.scrollIntoViewIfNeeded()
await page.evaluate('scrollTo(0, document.body.scrollHeight)')
await picture('key')
