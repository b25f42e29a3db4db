import { expect, test } from 'vitest'
import { hasBrowser, axeFaults } from '../support/browser.ts'
import { startConsole } from './scene.ts'

test.skipIf(!hasBrowser)(
  'on a screen of 360 pixels the console shows the ids of app instances with the same name, copies them, and no page is wider than the screen',
  async () => {
    const { world, page, signIn, nav, tab } = await startConsole()
    const { identity, messaging } = world
    const arns: string[] = []
    for (let number = 0; number < 2; number++) arns.push((await identity.createAppInstance({ Name: 'Chat' })).AppInstanceArn!)
    const [AppInstanceArn] = arns
    const longest = 'Terminabstimmungsbesprechungsgruppe'.repeat(7)
    const { AppInstanceUserArn: ChimeBearer } = await identity.createAppInstanceUser({
      AppInstanceArn,
      AppInstanceUserId: 'ann',
      Name: longest.slice(0, 100),
    })
    await identity.createAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn: ChimeBearer })
    const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: longest, ChimeBearer })
    await messaging.sendChannelMessage({ ChannelArn, Content: longest, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer })

    await page.setViewportSize({ width: 360, height: 740 })
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await signIn()
    const fits = async (name: string) => {
      await page.getByRole('main').getByRole('status', { name: 'Loading' }).waitFor({ state: 'detached' })
      expect([name, await page.evaluate<number>('document.documentElement.scrollWidth')]).toEqual([name, 360])
      expect([name, await axeFaults(page)]).toEqual([name, []])
    }
    await page.getByText('Ready.').waitFor()
    await fits('Overview')
    for (const name of ['Requests', 'Outbox', 'Keys and roles']) {
      await nav(name)
      await page.getByRole('heading', { name, level: 1 }).waitFor()
      await fits(name)
    }

    await nav('App instances')
    const table = page.getByRole('table', { name: 'App instances' })
    for (const arn of arns) {
      const id = table.getByText(arn.split('/')[1]!, { exact: true })
      await id.waitFor()
      const { width } = (await id.boundingBox())!
      expect(width).toBeGreaterThan(100)
      // It is shown for some seconds.
      const told = page.getByText('Copied').waitFor()
      await Promise.all([told, page.getByRole('button', { name: `Copy the ARN of ${arn.split('/')[1]!}` }).click()])
      await expect.poll(() => page.evaluate<string>('navigator.clipboard.readText()')).toBe(arn)
    }
    await fits('App instances')

    await table
      .getByRole('row')
      .filter({ hasText: AppInstanceArn!.split('/')[1]! })
      .getByRole('link')
      .click()
    for (const name of ['Users', 'Connected', 'Admins', 'Bots', 'Flows', 'Streams', 'Settings', 'Channels']) {
      await tab(name)
      await fits(name)
    }
    await page.getByRole('table', { name: 'Channels' }).getByRole('link').click()
    const log = page.getByRole('log')
    await log.getByText(longest).waitFor()
    await fits('a channel')
    expect(await log.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0)

    // New messages scroll the list, and leave the page at what is read there.
    await page.evaluate('scrollTo(0, 0)')
    for (let number = 1; number <= 20; number++)
      await messaging.sendChannelMessage({ ChannelArn, Content: `${number}`, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer })
    const last = log.getByText('20', { exact: true })
    await last.waitFor()
    await expect
      .poll(async () => {
        const [own, room] = [(await last.boundingBox())!, (await log.boundingBox())!]
        return own.y + own.height <= room.y + room.height
      })
      .toBe(true)
    expect(await page.evaluate<number>('scrollY')).toBe(0)
  },
)

test.skipIf(!hasBrowser)(
  'the console says that the server is away and what does not exist, goes on when the server is back, and Back leads to the list as it was',
  async () => {
    const { world, page, signIn, tab } = await startConsole()
    const { identity, messaging } = world
    const { AppInstanceArn } = await identity.createAppInstance({ Name: 'Chat' })
    const { AppInstanceUserArn: ChimeBearer } = await identity.createAppInstanceUser({
      AppInstanceArn,
      AppInstanceUserId: 'ann',
      Name: 'Ann',
    })
    await identity.createAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn: ChimeBearer })
    for (let number = 1; number <= 120; number++) await messaging.createChannel({ AppInstanceArn, Name: `Channel ${number}`, ChimeBearer })
    await signIn()
    await page.getByRole('main').getByRole('link', { name: 'Chat' }).click()

    // The list is where it was, and so is the text of a search.
    const table = page.getByRole('table', { name: 'Channels' })
    await page.getByText('120 entries', { exact: true }).waitFor()
    await table.evaluate(rows => rows.scrollTo(0, 3000))
    await table.getByRole('link', { name: 'Channel 70', exact: true }).click()
    await page.getByText('Write the first one below.').waitFor()
    await page.goBack()
    await table.getByRole('link', { name: 'Channel 70', exact: true }).waitFor()
    expect(await table.evaluate(rows => rows.scrollTop)).toBe(3000)
    await page.getByRole('searchbox').fill('Channel 119')
    await table.getByRole('link', { name: 'Channel 119' }).click()
    await page.getByText('Write the first one below.').waitFor()
    await page.goBack()
    await page.getByText('1 of 120 entries').waitFor()
    expect(await page.getByRole('searchbox').inputValue()).toBe('Channel 119')

    await page.context().setOffline(true)
    await tab('Users')
    await page.getByText('The server does not answer. The page asks again').waitFor()
    await page.context().setOffline(false)
    await page.getByRole('link', { name: 'Ann', exact: true }).waitFor()
    await page.getByText('The server does not answer').first().waitFor({ state: 'detached' })

    // Of what somebody else has deleted the page says that alone.
    await page.getByRole('link', { name: 'Ann', exact: true }).click()
    await page.getByRole('heading', { name: 'Ann', exact: true }).waitFor()
    await page.goBack()
    await page.getByRole('link', { name: 'Ann', exact: true }).waitFor()
    await identity.deleteAppInstanceUser({ AppInstanceUserArn: ChimeBearer })
    await page.getByRole('link', { name: 'Ann', exact: true }).click()
    await page.getByText('There is no such user').waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
    await page.getByRole('link', { name: 'Go back to the list' }).click()
    await page.getByText('No users', { exact: true }).waitFor()
  },
)
