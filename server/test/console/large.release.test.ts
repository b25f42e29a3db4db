import { expect, test } from 'vitest'
import { appInstanceArn, channelArn, fill, userArn } from '../../../bench/support/fill.ts'
import { hasBrowser } from '../support/browser.ts'
import { driveKeysAndRoles, makeHostileAccess } from './keys-and-roles.ts'
import { startConsole } from './scene.ts'

const [users, channels, messages, roles] = [100_000, 10_000, 1_000_000, 120]

test.skipIf(!hasBrowser)(
  'the console shows 100,000 users, 10,000 channels and a channel of 1,000,000 messages: it scrolls, searches, orders and exports all of them',
  async () => {
    const { world, page, faults, signIn, nav, tab } = await startConsole({ usersPerAppInstance: '1000000' })
    await fill(world.app.db, { users: users - 1, channels, each: 1, large: 0, crowded: messages })
    await world.identity.createAppInstanceAdmin({ AppInstanceArn: appInstanceArn, AppInstanceAdminArn: userArn(1) })
    await makeHostileAccess(world)
    for (let number = 1; number <= roles; number++) {
      await world.carillon.call('CreateIamRole', { RoleName: `team-${number}`, UsualPolicyOf: userArn(number) })
      await world.carillon.call('CreateAccessKey', { UserName: `team-${number}`, UsualPolicyOf: userArn(number) })
    }
    await signIn()
    /** How many rows are in the page's document, of the many that a table shows. */
    const drawn = async () => page.getByRole('table').getByRole('row').count()

    await nav('App instances')
    await page.getByRole('link', { name: 'bench' }).click()
    const table = page.getByRole('table', { name: 'Channels' })

    // The order covers all channels, so all of them are read.
    await page.getByText(`${channels.toLocaleString('en-US')} entries`, { exact: true }).waitFor()
    expect(await table.getByRole('row').nth(1).textContent()).toContain(`Team channel ${channels}`)
    await table.evaluate(rows => rows.scrollTo(0, rows.scrollHeight))
    await table.getByRole('link', { name: 'Team channel 2', exact: true }).waitFor()
    expect(await drawn()).toBeLessThan(60)

    // A search covers all users, can be stopped, and continues where it stopped.
    await tab('Users')
    await page.getByRole('link', { name: 'User number 1', exact: true }).waitFor()
    await page.getByRole('searchbox').fill(`User number ${users - 1}`)
    await page.getByText(/^0 found among the first [\d,]+ entries$/).waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: 'Read all' }).click()
    await page.getByText(`1 of ${users.toLocaleString('en-US')} entries`).waitFor()
    await page.getByRole('link', { name: `User number ${users - 1}` }).waitFor()
    await page.getByRole('searchbox').fill('')
    const all = page.getByRole('table', { name: 'Users' })
    await page.getByText(`${users.toLocaleString('en-US')} entries`, { exact: true }).waitFor()
    await all.evaluate(rows => rows.scrollTo(0, rows.scrollHeight / 2))
    await page
      .getByRole('link', { name: /User number (?:49|50)\d{3}$/ })
      .first()
      .waitFor()
    await all.evaluate(rows => rows.scrollTo(0, rows.scrollHeight))
    await page.getByRole('link', { name: `User number ${users}`, exact: true }).waitFor()
    expect(await drawn()).toBeLessThan(60)
    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export CSV' }).click()
    const stream = await (await downloading).createReadStream()
    let lines = 0
    for await (const chunk of stream) lines += (chunk as Buffer).toString('latin1').split('\n').length - 1
    expect(lines).toBe(users + 1)

    // The newest of a million messages are shown at once, and older ones page by page.
    await tab('Channels')
    await page.getByRole('button', { name: 'Last activity first', pressed: true }).click()
    await page.getByRole('searchbox').fill('Team channel 1')
    await page.getByRole('link', { name: 'Team channel 1', exact: true }).click()
    const history = page.getByRole('log')
    await history.getByText(`Message number ${messages - 1} of`).waitFor()
    await page.getByRole('button', { name: 'Earlier messages' }).click()
    await history.getByText(`Message number ${messages - 100} of`).waitFor()
    const parts = async (names: readonly string[]) => {
      for (const name of names) {
        await tab(name)
        await page.getByRole('navigation', { name: 'Parts of this page' }).locator('[aria-current]', { hasText: name }).waitFor()
        await page.getByRole('main').getByRole('status', { name: 'Loading' }).waitFor({ state: 'detached' })
        expect([name, await page.getByRole('alert').allTextContents()]).toEqual([name, []])
      }
    }
    await parts(['Connected', 'Members', 'Moderators', 'Bans', 'Settings'])
    await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link').last().click()
    await parts(['Connected', 'Admins', 'Bots', 'Flows', 'Streams', 'Settings', 'Users'])
    await page.getByRole('link', { name: 'User number 3', exact: true }).click()
    await page.getByRole('table', { name: 'Channels of the user' }).waitFor()
    for (const name of ['Overview', 'Requests', 'Outbox', 'Keys and roles']) {
      await nav(name)
      await page.getByRole('heading', { name, level: 1 }).waitFor()
    }
    await driveKeysAndRoles({ page, appInstance: appInstanceArn, user: userArn(1), channel: channelArn(1) })
    expect(await page.evaluate(() => 'isHit' in globalThis)).toBe(false)
    expect(faults).toEqual([])
  },
)
