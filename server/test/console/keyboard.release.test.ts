import type { Locator } from 'playwright-core'
import { expect, test } from 'vitest'
import { hasBrowser } from '../support/browser.ts'
import { startConsole } from './scene.ts'

async function waitForFocus(locator: Locator) {
  await expect.poll(() => locator.evaluate(element => element.matches(':focus'))).toBe(true)
}

test.skipIf(!hasBrowser)(
  'the keyboard stays in the list when what it was on is gone, and after a new key it is back on the button that has made it',
  async () => {
    const { world, page, signIn, nav, tab } = await startConsole()
    const { messaging, appInstance } = world
    const { arn: AppInstanceArn, user } = await appInstance(['ben'], { admins: ['ann'] })
    const ChimeBearer = user('ann')
    const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: 'General', MemberArns: [user('ben')], ChimeBearer })
    for (const Content of ['one', 'two', 'three'])
      await messaging.sendChannelMessage({ ChannelArn, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer })
    await signIn()
    const dialog = page.getByRole('dialog')
    /** Presses a button that asks first, and confirms. */
    const confirm = async (button: Locator, name: string) => {
      await button.focus()
      await page.keyboard.press('Enter')
      await dialog.getByRole('button', { name }).focus()
      await page.keyboard.press('Enter')
      await button.waitFor({ state: 'detached' })
    }

    await page.getByRole('main').getByRole('link', { name: 'test' }).click()
    await page.getByRole('link', { name: 'General' }).click()
    const button = (text: string, name: string) => page.getByRole('article').filter({ hasText: text }).getByRole('button', { name })
    await confirm(button('two', 'Delete'), 'Delete')
    await waitForFocus(page.getByRole('log'))
    await confirm(button('one', 'Redact'), 'Redact')
    await waitForFocus(page.getByRole('log'))
    await tab('Members')
    const table = page.getByRole('table', { name: 'Members' })
    await confirm(table.getByRole('row').filter({ hasText: 'ben' }).getByRole('button', { name: 'Remove' }), 'Remove')
    await waitForFocus(table)

    // The row of a call that is open may be gone when its panel is closed.
    await nav('Requests')
    await page.getByRole('button', { name: 'DeleteChannelMembership' }).focus()
    await page.keyboard.press('Enter')
    const panel = page.getByRole('region', { name: 'The call DeleteChannelMembership' })
    await waitForFocus(panel)
    await page.getByRole('searchbox').fill('no such call')
    await page.getByText('No call matches').waitFor()
    await panel.getByRole('button', { name: 'Close' }).focus()
    await page.keyboard.press('Enter')
    await waitForFocus(page.getByRole('main'))

    // The key exists when its secret is shown: there is nothing to cancel.
    await nav('Keys and roles')
    const create = page.getByRole('button', { name: 'Create a key' })
    await create.focus()
    await page.keyboard.press('Enter')
    await dialog.getByLabel('ARN of the user').fill(ChimeBearer)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'The new access key' }).waitFor()
    expect(await dialog.getByRole('button').allTextContents()).toEqual(['Copy the id', 'Copy the secret', 'Done'])
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await waitForFocus(create)
  },
)
