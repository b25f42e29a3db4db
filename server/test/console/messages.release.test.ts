import type { Route, WebSocketRoute } from 'playwright-core'
import { expect, test } from 'vitest'
import { hasBrowser } from '../support/browser.ts'
import { startConsole, startWithChannels } from './scene.ts'

const sixty = (name: string) => Array.from({ length: 60 }, (_, index) => `${name} ${index + 1}`)

test.skipIf(!hasBrowser)(
  'after a lost connection the messages of a channel have no gap, keep what is heard while they are read, and leave another list alone',
  async () => {
    const { world, page, signIn } = await startConsole({ resume: 'off' })
    const { identity, messaging } = world
    const { AppInstanceArn } = await identity.createAppInstance({ Name: 'Chat' })
    const { AppInstanceUserArn: ann } = await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: 'ann', Name: 'Ann' })
    await identity.createAppInstanceAdmin({ AppInstanceArn, AppInstanceAdminArn: ann })
    const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: 'General', ChimeBearer: ann })
    const inChannel = { ChannelArn, ChimeBearer: ann }
    const say = async (Content: string) => {
      const sent = await messaging.sendChannelMessage({ ...inChannel, Content, Type: 'STANDARD', Persistence: 'PERSISTENT' })
      return { ...inChannel, MessageId: sent.MessageId! }
    }
    await say('from the beginning')

    let isAway = false
    let socket: WebSocketRoute | undefined
    await page.routeWebSocket(/\/connect\?/, route => {
      if (isAway) {
        route.close({ code: 1012 }).catch(() => {})
        return
      }
      socket = route
      route.connectToServer()
    })
    const away = async (meanwhile: () => Promise<unknown>) => {
      isAway = true
      await socket!.close({ code: 1012 })
      await page.getByText('Connecting again').waitFor()
      await meanwhile()
      isAway = false
      await page.getByText('Live', { exact: true }).waitFor()
    }
    await signIn()
    await page.getByRole('main').getByRole('link', { name: 'Chat' }).click()
    await page.getByRole('link', { name: 'General' }).click()
    await page.getByText('Live', { exact: true }).waitFor()
    const history = page.getByRole('log')
    const shown = async () => (await history.getByRole('article').locator('p').allTextContents()).map(text => text.trim())
    await expect.poll(shown).toEqual(['from the beginning'])

    const devTools = await page.context().newCDPSession(page)
    const held: string[] = []
    devTools.on('Fetch.requestPaused', ({ requestId }) => void held.push(requestId))
    /** From then on the answers with messages are held, until `answer` is called. */
    const hold = async () => devTools.send('Fetch.enable', { patterns: [{ urlPattern: '*/messages?*', requestStage: 'Response' }] })
    const answer = async () => {
      for (const requestId of held.splice(0)) {
        const answered = page.waitForEvent('requestfinished', request => request.url().includes('/messages?'))
        await devTools.send('Fetch.continueResponse', { requestId })
        await answered
      }
      await devTools.send('Fetch.disable')
    }

    // More is missed than one answer has, and while it travels three of its messages change and one arrives.
    const missed = sixty('missed')
    const sent: Awaited<ReturnType<typeof say>>[] = []
    await away(async () => {
      for (const each of missed) sent.push(await say(each))
      await hold()
    })
    await expect.poll(() => held.length).toBe(1)
    await messaging.updateChannelMessage({ ...sent[57]!, Content: 'changed' })
    await messaging.redactChannelMessage(sent[58]!)
    await messaging.deleteChannelMessage(sent[59]!)
    await say('live')
    await history.getByText('live', { exact: true }).waitFor()
    await answer()
    const end = ['changed', 'redacted', 'live']
    await expect.poll(shown).toEqual([...missed.slice(10, 57), ...end])
    await page.getByRole('button', { name: 'Earlier messages' }).click()
    await expect.poll(shown).toEqual(['from the beginning', ...missed.slice(0, 57), ...end])

    // Older messages that arrive after a gap was found are left out, and are loaded again from the end of the gap.
    const [second, third] = [sixty('second'), sixty('third')]
    const miss = async (texts: readonly string[]) => {
      for (const each of texts) await say(each)
    }
    await away(() => miss(second))
    await expect.poll(shown).toEqual(second.slice(10))
    await hold()
    await page.getByRole('button', { name: 'Earlier messages' }).click()
    await expect.poll(() => held.length).toBe(1)
    await away(() => miss(third))
    await expect.poll(() => held.length).toBe(2)
    held.reverse()
    await answer()
    await expect.poll(shown).toEqual(third.slice(10))
    await page.getByRole('button', { name: 'Earlier messages' }).click()
    await expect.poll(shown).toEqual([...second.slice(20), ...third])

    // The answer to a list that is left meanwhile comes before that of the next list.
    await away(hold)
    await expect.poll(() => held.length).toBe(1)
    await page.getByRole('button', { name: 'Sub-channel…' }).click()
    await page.getByRole('dialog').getByLabel('SubChannelId').fill('another')
    await page.getByRole('dialog').getByRole('button', { name: 'Show' }).click()
    await expect.poll(() => held.length).toBe(2)
    await answer()
    await page.getByRole('alert').waitFor()
    expect(await shown()).toEqual([])
  },
)

test.skipIf(!hasBrowser)(
  'what is typed while a message is sent stays in the field, and a message that is refused is there again',
  async () => {
    const { page, signIn, open } = await startWithChannels(1)
    await signIn()
    await open()
    await page.getByRole('link', { name: 'Channel 1' }).click()
    await page.getByText('No messages yet').waitFor()
    const field = page.getByPlaceholder('Message as ann')
    const held: Route[] = []
    await page.route(/\/messages$/, route => void held.push(route))
    await field.fill('first')
    await field.press('Enter')
    await expect.poll(() => held.length).toBe(1)
    await field.fill('typed meanwhile')
    await held[0]!.continue()
    await page.getByRole('log').getByText('first', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Send', disabled: false }).waitFor()
    expect(await field.inputValue()).toBe('typed meanwhile')

    await field.press('Enter')
    await expect.poll(() => held.length).toBe(2)
    await field.fill('and this')
    await held[1]!.fulfill({ status: 403, headers: { 'x-amzn-errortype': 'ForbiddenException' }, body: '{"Message":"No"}' })
    await page.getByRole('alert').getByText('No.').waitFor()
    expect(await field.inputValue()).toBe('typed meanwhile and this')
  },
)
