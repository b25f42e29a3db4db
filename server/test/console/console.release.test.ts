import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { buildConsole } from '../../console/build.ts'
import { operations } from '../../src/contract/index.ts'
import { backUp } from '../../src/database/backup.ts'
import { databaseFile } from '../../src/database/data-folder.ts'
import { appendToOutbox, laneOf, leaseFromOutbox } from '../../src/store/outbox.ts'
import { moveToDead } from '../../src/store/outbox-dead.ts'
import { boto3Script } from '../compat/boto3-script.ts'
import { pythons } from '../compat/clients.ts'
import type { AnyInput } from '../operations/fixture.ts'
import { hasBrowser, axeFaults } from '../support/browser.ts'
import { root, temporaryFolder } from '../support/process.ts'
import { listen } from '../support/sockets.ts'
import { startWorld, type World } from '../support/world.ts'
import { driveChanges } from './changes.ts'
import { markup } from './hostile.ts'
import { driveKeysAndRoles, makeHostileAccess } from './keys-and-roles.ts'
import { Counterparts, decoded, record, type Recorded } from './repeated.ts'
import { startConsole } from './scene.ts'

/** The operations that the sources of the console name. */
const pages = join(root, 'server/console/src')
const operationsOfPages = globSync('**/*.{ts,tsx}', { cwd: pages })
  .flatMap(file => readFileSync(join(pages, file), 'utf8').match(/(?<=')[A-Z]\w+(?=')/g) ?? [])
  .filter(name => name in operations)

interface Scene {
  readonly AppInstanceArn: string
  readonly ann: string
  readonly admin: string
  readonly ChannelArn: string
}

const send = async ({ messaging }: World, { ChannelArn, ann }: Scene, Content: string) =>
  messaging.sendChannelMessage({ ChannelArn, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer: ann })

/** An app instance with a channel, and with names and messages that try to be more than text. */
async function makeScene(world: World): Promise<Scene> {
  const { identity, messaging, app, now } = world
  const { AppInstanceArn } = await identity.createAppInstance({ Name: `Chat ${markup}` })
  const user = async (AppInstanceUserId: string, Name: string) =>
    (await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId, Name })).AppInstanceUserArn!
  const [admin, ann] = [await user('admin', 'Admin'), await user('ann', `Ann \u202e${markup.slice(0, 60)}`)]
  await identity.createAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn: admin })
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: 'General', MemberArns: [admin], ChimeBearer: ann })
  const scene = { AppInstanceArn: AppInstanceArn!, ann, admin, ChannelArn: ChannelArn! }
  for (const content of [`first ${markup}`, 'bidi \u202eabc\u202c', 'control \u0007', 'x'.repeat(4000)]) await send(world, scene, content)
  await app.db.transaction(async tx => {
    const lane = laneOf('nowhere', markup)
    for (const payload of ['one', 'two']) await appendToOutbox(tx, lane, payload, now())
    for (const entry of await leaseFromOutbox(tx, lane, now(), now() + 1000, 2, 'one'))
      await moveToDead(tx, entry, now(), `broken ${markup}`)
  })
  await makeHostileAccess(world)
  return scene
}

test('the console is at most 60 kB when it is compressed', async () => {
  const files = await buildConsole()
  const size = Object.values(files).reduce((sum, text) => sum + gzipSync(text).length, 0)
  expect(size).toBeLessThan(60_000)
})

test.skipIf(!hasBrowser || pythons.length === 0)(
  'every page of the console works in a browser, is accessible, and shows hostile texts as text; a script repeats each of its requests',
  async () => {
    const { world, page, origin, faults, signIn, nav, tab } = await startConsole()
    const scene = await makeScene(world)
    const folder = await temporaryFolder()
    await backUp(databaseFile(world.folder), databaseFile(folder))
    const copy = await startWorld('sqlite', { data: folder })
    onTestFinished(() => copy.close())
    /** What the page has sent, and what has happened beside it, in this order. */
    const steps: (Recorded | ((to: World) => Promise<unknown>))[] = []
    const beside = async (step: (to: World) => Promise<unknown>) => {
      steps.push(step)
      await step(world)
    }
    const elsewhere: string[] = []
    page.on('request', request => {
      const { host, pathname } = new URL(request.url())
      if (host !== new URL(origin).host) elsewhere.push(request.url())
      else if (!/\/console(?:\/|$)/.test(pathname)) steps.push(record(request))
    })
    page.on('console', message => {
      // The app instance has no streams, and two tries are of no policy or action; Chromium logs these answers as errors.
      const isExpected = /\/streaming-configurations|\/simulated-policies/.test(message.location().url)
      if (message.type() === 'error' && !isExpected) faults.push(message.text())
    })
    const signingIn = page.waitForResponse(`${origin}/console/session`)
    await signIn()
    const { Credentials } = (await (await signingIn).json()) as { Credentials: Record<string, string> }

    const check = async (name: string) => {
      await page.getByRole('main').waitFor()
      expect([name, await axeFaults(page)]).toEqual([name, []])
    }
    const dialog = page.getByRole('dialog')

    // Overview: the code is gone from the address, and the state is shown.
    await page.getByText('Ready.').waitFor()
    await page.getByText('Calls a second').waitFor()
    expect(page.url()).toBe(`${origin}/console`)
    const stored = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state])',
    )
    expect(stored).toBe('[{},{},"",null]')
    await check('overview')

    // The policy of the page holds: no other host, no markup from text, no code from text.
    const attempts = [
      `fetch('https://127.0.0.1:1/')`,
      `(async () => { document.createElement('div').innerHTML = '<b>x</b>' })()`,
      `(async () => { document.createElement('script').textContent = 'globalThis.isHit = 1' })()`,
    ]
    const blocked = []
    for (const attempt of attempts) blocked.push(await page.evaluate<string>(`${attempt}.then(() => 'done', ({ name }) => name)`))
    expect(blocked).toEqual(['TypeError', 'TypeError', 'TypeError'])
    faults.length = 0
    elsewhere.length = 0

    // Requests: a refused one shows the check that it failed.
    await beside(async ({ messaging }) =>
      messaging.deleteChannel({ ChannelArn: scene.ChannelArn, ChimeBearer: `${scene.AppInstanceArn}/user/nobody` }).catch(() => {}),
    )
    await nav('Requests')
    await page.getByRole('button', { name: 'Refused only' }).click()
    await page.getByRole('button', { name: 'DeleteChannel' }).click()
    await page.getByText('is not a user or bot that exists').first().waitFor()
    await page.getByText('aws chime-sdk-messaging delete-channel').waitFor()
    await check('requests')
    // One that policies have allowed names the statement, in the width of the panel.
    await page.getByRole('button', { name: 'Refused only' }).click()
    await page.getByRole('button', { name: 'ListAppInstances' }).first().click()
    const statement = page.getByText('Allow by statement 1 of the policy.', { exact: true })
    await statement.waitFor()
    expect((await statement.boundingBox())!.height).toBeLessThan(30)

    // App instances and users, with what dialogs create and change.
    await nav('App instances')
    await check('app instances')
    await page.getByRole('link', { name: /^Chat/ }).click()
    await page.getByRole('table', { name: 'Channels' }).waitFor()
    await check('channels')
    await page.getByRole('button', { name: 'Create a channel' }).click()
    await dialog.getByLabel('Name').fill('Made in the console')
    await check('a dialog')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { name: 'Made in the console' }).waitFor()
    await page.goBack()
    await tab('Users')
    await page.getByRole('button', { name: 'Create a user' }).click()
    await dialog.getByLabel('User id').fill('ben')
    await dialog.getByLabel('Name').fill('Ben')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('link', { name: 'Ben' }).waitFor()
    await check('users')
    for (const name of ['Connected', 'Admins', 'Bots', 'Flows', 'Streams', 'Settings']) {
      await tab(name)
      await check(name)
    }
    await tab('Users')
    await page.getByRole('link', { name: 'Ben' }).click()
    await page.getByRole('heading', { name: 'Channels of this user' }).waitFor()
    await check('a user')
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('The user leaves all channels').waitFor()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('table', { name: 'Users' }).waitFor()

    // A channel: its messages, one that arrives, one that is sent, and one that is redacted.
    await tab('Channels')
    await page.getByRole('link', { name: 'General' }).click()
    await page.getByText('Live', { exact: true }).waitFor()
    const history = page.getByRole('log')
    await history.getByText(`first ${markup}`).waitFor()
    await history.getByText('⟨U+202E⟩abc').waitFor()
    await beside(to => send(to, scene, 'arrives by the socket'))
    await history.getByText('arrives by the socket').waitFor()
    await page.getByPlaceholder('Message as admin').fill('sent in the console')
    await page.keyboard.press('Enter')
    const own = history.getByRole('article').filter({ hasText: 'sent in the console' })
    await own.waitFor()
    await check('messages')
    await own.getByRole('button', { name: 'Redact' }).click()
    await dialog.getByRole('button', { name: 'Redact' }).click()
    await history.getByText('redacted', { exact: true }).waitFor()
    await listen(world.app, scene.ann)
    await tab('Connected')
    await page.getByRole('table', { name: 'Connected users' }).getByText('ann', { exact: true }).waitFor()
    await page.getByText('127.0.0.1 on ').first().waitFor()
    await check('connected users')
    await tab('Members')
    await page.getByRole('link', { name: 'Admin' }).waitFor()
    await check('members')
    for (const name of ['Moderators', 'Bans', 'Settings']) {
      await tab(name)
      await check(`${name} of a channel`)
    }

    // The outbox: of two entries that were given up one is delivered again, and one dropped.
    await nav('Outbox')
    await page
      .getByRole('table', { name: 'Dead entries of the outbox' })
      .getByText(/broken/)
      .first()
      .waitFor()
    await check('outbox')
    await page.getByRole('button', { name: 'Retry', exact: true }).first().click()
    await dialog.getByRole('button', { name: 'Deliver again' }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Retry', exact: true }).nth(1).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Drop', exact: true }).click()
    await dialog.getByRole('button', { name: 'Drop' }).click()
    await page.getByText('No dead entries').waitFor()

    // All changes of an app instance and of what is in it.
    await driveChanges(page)

    // Keys and roles
    const { AppInstanceArn: appInstance, admin: user, ChannelArn: channel } = scene
    await driveKeysAndRoles({ page, appInstance, user, channel, check })

    expect(faults).toEqual([])
    expect(await page.evaluate(() => 'isHit' in globalThis)).toBe(false)

    // All requests went to this server, to operations of the contract.
    expect(elsewhere).toEqual([])
    const strangers = steps.flatMap(step => ('request' in step && !decoded(step.request) ? [step.request.url()] : []))
    expect(strangers).toEqual([])

    // A script repeats all of them in their order, at a server that goes on from the copy, and gets the same answers.
    const script = await boto3Script(copy.app.url, {
      accessKeyId: Credentials['AccessKeyId']!,
      secretAccessKey: Credentials['SecretAccessKey']!,
      sessionToken: Credentials['SessionToken']!,
    })
    const counterparts = new Counterparts()
    const repeated = new Set<string>()
    for (const step of steps) {
      if (!('request' in step)) {
        await step(copy)
        continue
      }
      const { name, input } = decoded(step.request)!
      const answered = await step.answered
      const isRead = step.request.method() === 'GET' || name === 'SimulatePolicy'
      // A page does not wait for what it read when it is left.
      if (!answered && isRead) continue
      expect([name, answered?.status]).toEqual([name, expect.any(Number)])
      const again = await script(name, counterparts.translated(input) as AnyInput)
      expect(counterparts.differences(name, answered!, again)).toEqual([])
      repeated.add(name)
    }
    expect(operationsOfPages.length).toBeGreaterThan(60)
    expect(operationsOfPages.filter(name => !repeated.has(name))).toEqual([])
  },
)
