import type { Page } from 'playwright-core'
import { linksOf } from './scene.ts'

/** Clicks through every change of an app instance, its users, channels, bots, flows and streams: in one that is created, and deleted at the end. */
export async function driveChanges(page: Page) {
  const links = linksOf(page)
  const tab = async (name: string) => {
    await links.tab(name)
    await page.getByRole('main').getByRole('status', { name: 'Loading' }).waitFor({ state: 'detached' })
  }
  const row = (name: string) => page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) })
  const dialog = page.getByRole('dialog')
  /** Fills the dialog that a button opens, and confirms it. */
  const dialogOf = async (button: ReturnType<Page['getByRole']>, fields: Readonly<Record<string, string>>, confirm: string) => {
    await button.click()
    for (const [label, value] of Object.entries(fields)) await dialog.getByLabel(label).fill(value)
    await dialog.getByRole('button', { name: confirm, exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
  }
  const button = (name: string) => page.getByRole('main').getByRole('button', { name, exact: true })
  const gone = async (name: string) => row(name).waitFor({ state: 'detached' })

  await links.nav('App instances')
  await dialogOf(button('Create'), { Name: 'Playground' }, 'Create')
  await page.getByRole('heading', { name: 'Playground' }).waitFor()
  await tab('Users')
  for (const [id, name] of [
    ['mia', 'Mia'],
    ['tom', 'Tom'],
  ] as const) {
    await dialogOf(button('Create a user'), { 'User id': id, Name: name }, 'Create')
    await row(name).waitFor()
  }
  await tab('Admins')
  for (const id of ['mia', 'tom']) {
    await dialogOf(button('Add an admin'), { 'User id or ARN': id }, 'Add')
    await row(id).waitFor()
  }
  await dialogOf(row('tom').getByRole('button', { name: 'Remove' }), {}, 'Remove')
  await gone('tom')
  await tab('Bots')
  const alias = 'arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST'
  await dialogOf(button('Create a bot'), { Name: 'Clerk', 'ARN of the bot alias': alias }, 'Create')
  await dialogOf(row('Clerk').getByRole('button', { name: 'Delete' }), {}, 'Delete')
  await gone('Clerk')
  await tab('Flows')
  const processor = 'arn:aws:lambda:us-east-1:123456789012:function:filter'
  await dialogOf(button('Create a flow'), { Name: 'Filter', 'ARN of the Lambda function': processor }, 'Create')
  const flow = await row('Filter').locator('code.arn').getAttribute('title')
  await tab('Settings')
  await dialogOf(button('Edit'), { Name: 'Play' }, 'Save')
  await page.getByRole('heading', { name: 'Play', exact: true }).waitFor()
  await dialogOf(button('Retention'), { Days: '30' }, 'Save')
  await page.getByText('for 30 days').waitFor()

  await tab('Channels')
  await dialogOf(button('Create a channel'), { Name: 'Room' }, 'Create')
  await page.getByText('Live', { exact: true }).waitFor()
  await page.getByPlaceholder('Message as mia').fill('to be deleted')
  await page.keyboard.press('Enter')
  const sent = page.getByRole('article').filter({ hasText: 'to be deleted' })
  await dialogOf(sent.getByRole('button', { name: 'Delete' }), {}, 'Delete')
  await sent.waitFor({ state: 'detached' })
  for (const [part, add, remove] of [
    ['Members', 'Add', 'Remove'],
    ['Moderators', 'Add', 'Remove'],
    ['Bans', 'Ban', 'Lift'],
  ] as const) {
    await tab(part)
    await dialogOf(button(add), { 'User id or ARN': 'tom' }, add)
    await row('Tom').waitFor()
    if (part === 'Members') continue
    await dialogOf(row('Tom').getByRole('button', { name: remove }), {}, remove)
    await gone('Tom')
  }
  await tab('Members')
  await dialogOf(button('Add'), { 'User id or ARN': 'tom' }, 'Add')
  await dialogOf(row('Tom').getByRole('button', { name: 'Remove' }), {}, 'Remove')
  await gone('Tom')
  await tab('Settings')
  await dialogOf(button('Edit'), { Name: 'Hall' }, 'Save')
  await page.getByRole('heading', { name: 'Hall' }).waitFor()
  await dialogOf(button('Use a flow'), { 'ARN of the flow': flow! }, 'Use it')
  await dialogOf(button('Stop the flow'), {}, 'Stop')
  await button('Use a flow').waitFor()
  await dialogOf(button('Delete'), {}, 'Delete for good')
  await page.getByText('No channels').waitFor()

  await tab('Flows')
  await dialogOf(row('Filter').getByRole('button', { name: 'Delete' }), {}, 'Delete')
  await gone('Filter')
  await tab('Streams')
  const stream = 'arn:aws:kinesis:us-east-1:123456789012:stream/chime-messaging-play'
  await dialogOf(button('Set a stream'), { 'ARN of the stream': stream }, 'Save')
  await row('ChannelMessage').waitFor()
  await dialogOf(button('Stop streaming'), {}, 'Stop')
  await gone('ChannelMessage')
  await tab('Users')
  await page.getByRole('link', { name: 'Tom' }).click()
  await dialogOf(button('Edit'), { Name: 'Thomas' }, 'Save')
  await page.getByRole('heading', { name: 'Thomas' }).waitFor()
  await page.goBack()
  await tab('Settings')
  await button('Delete').click()
  await dialog.getByLabel('Its id, to confirm').fill((await dialog.locator('.hint').textContent())!)
  await dialog.getByRole('button', { name: 'Delete for good' }).click()
  await page.getByRole('table', { name: 'App instances' }).waitFor()
}
