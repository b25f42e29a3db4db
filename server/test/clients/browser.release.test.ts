import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { axeFaults, hasBrowser, newPage, pageBeside } from '../support/browser.ts'
import { freePort } from '../support/ports.ts'
import { root, rootKey } from '../support/process.ts'
import { servePage, type WebPage } from '../support/web-page.ts'
import { startPlace, type Place } from './place.ts'

const channel = (page: Page, name: string) => page.getByRole('navigation').getByRole('button', { name, exact: true })
const message = (page: Page, text: string) => page.getByRole('listitem').getByText(text, { exact: true })
/** The list item of that message, with the reactions and replies below it. */
const typed = (page: Page) => page.getByRole('listitem').filter({ has: page.getByRole('paragraph').getByText('I type', { exact: true }) })
/** The list item of a message, with what can be done with it. */
const item = (page: Page, text: string) =>
  page
    .getByRole('main')
    .getByRole('listitem')
    .filter({ has: page.getByRole('paragraph').getByText(text, { exact: true }) })
const isFocused = (locator: Locator) => locator.evaluate(element => element.matches(':focus'))
const isFromRight = (locator: Locator) => locator.evaluate(element => element.matches(':dir(rtl)'))
const state = async (page: Page, text: string | RegExp) => page.getByRole('status').getByText(text).waitFor()

describe.skipIf(!hasBrowser)('the page of examples/browser, in Chromium', () => {
  let web: WebPage
  beforeAll(async () => {
    web = await servePage(join(root, 'examples/browser'))
  })
  afterAll(() => web?.close())

  /** What the code of a page has thrown and nothing has caught. */
  const faults: string[] = []
  afterEach(() => {
    const thrown = faults.splice(0)
    if (thrown.length > 0) throw new Error(thrown.join('\n'))
  })

  /** In a browser of its own, or as another page of one. */
  async function signedIn({ url, data, bob }: Place, { user = bob, beside }: { user?: string; beside?: Page } = {}): Promise<Page> {
    const page = beside ? await pageBeside(beside) : await newPage(join(data, 'ca.pem'))
    page.on('pageerror', ({ message }) => faults.push(message))
    await page.goto(web.url)
    await page.getByLabel('Endpoint').fill(url)
    await page.getByLabel('Access key ID').fill(rootKey.accessKeyId)
    await page.getByLabel('Secret access key').fill('another')
    await page.getByLabel('User').fill(user)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText('The secret access key is not the one of this access key id').waitFor()
    await page.getByLabel('Secret access key').fill(rootKey.secretAccessKey)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await state(page, 'Connected')
    // The page asks for nothing that the user may not have, except the list that tells an AppInstanceAdmin: Chromium logs each refusal.
    page.on('console', message => {
      const { url } = message.location()
      if (message.type() === 'error' && /status of 4\d\d/.test(message.text()) && !url.includes('privacy=PRIVATE'))
        faults.push(`${message.text()} ${url}`)
    })
    return page
  }

  test('a user signs in, sees all channels and what is unread, sends, and sees at once what others send, change, redact and delete', async () => {
    const place = await startPlace()
    const { say, newChannel, messaging, general, alice, bob } = place
    for (let number = 1; number <= 50; number++) await newChannel(`channel ${number}`)
    await say('before')
    const page = await signedIn(place)
    await channel(page, 'general 1 unread').waitFor()
    expect(await page.getByRole('navigation').getByRole('button').count()).toBe(51)
    await channel(page, 'general 1 unread').click()
    await message(page, 'before').waitFor()
    await channel(page, 'general').waitFor()

    await page.getByRole('textbox', { name: 'Message' }).fill('from the page')
    await page.keyboard.press('Enter')
    await message(page, 'from the page').waitFor()
    const inGeneral = { ChannelArn: general, ChimeBearer: alice }
    const { ChannelMessages } = await messaging.listChannelMessages(inGeneral)
    expect(ChannelMessages?.[0]).toMatchObject({ Content: 'from the page', Sender: { Arn: bob } })

    const { MessageId } = await say('<b>live</b>')
    await message(page, '<b>live</b>').waitFor()
    await messaging.updateChannelMessage({ ...inGeneral, MessageId, Content: 'changed' })
    await message(page, 'changed').waitFor()
    await messaging.redactChannelMessage({ ...inGeneral, MessageId })
    await message(page, 'This message has been redacted').waitFor()
    await messaging.deleteChannelMessage({ ...inGeneral, MessageId })
    await message(page, 'This message has been redacted').waitFor({ state: 'detached' })
    expect(await page.getByRole('main').getByRole('listitem').getByRole('paragraph').allTextContents()).toEqual(['before', 'from the page'])

    const other = await newChannel('another')
    await channel(page, 'another').waitFor()
    const { MessageId: unread } = await say('hello', other)
    await channel(page, 'another 1 unread').waitFor()
    expect(await page.getByRole('navigation').getByRole('button').first().textContent()).toBe('another1 unread')
    await messaging.deleteChannelMessage({ ChannelArn: other, MessageId: unread, ChimeBearer: alice })
    await channel(page, 'another').waitFor()
  })

  test('a user changes and redacts messages of their own, with the keyboard too, a moderator redacts those of others, and an AppInstanceAdmin deletes any', async () => {
    const place = await startPlace({ members: ['bob', 'carol'] })
    const { say, messaging, general, user, alice } = place
    await messaging.createChannelModerator({ ChannelArn: general, ChannelModeratorArn: user('carol'), ChimeBearer: alice })
    await say('by Alice')
    const ofBob = await signedIn(place)
    await channel(ofBob, 'general 1 unread').click()
    const field = ofBob.getByRole('textbox', { name: 'Message' })
    const send = async (text: string) => {
      await field.fill(text)
      await ofBob.keyboard.press('Enter')
      await item(ofBob, text).waitFor()
    }
    const actions = async (page: Page, text: string) => {
      const texts = await item(page, text).getByRole('button').allTextContents()
      return texts.filter(each => /^(?:Edit|Redact|Delete)$/.test(each))
    }
    await send('one')
    await send('two')
    await send('three')

    // Arrow Up takes the last message, Escape leaves it as it is, and what was written before stays.
    await ofBob.keyboard.press('ArrowUp')
    await ofBob.getByText('Edit your message: three').waitFor()
    expect(await field.inputValue()).toBe('three')
    await ofBob.keyboard.press('Escape')
    expect(await field.inputValue()).toBe('')
    await ofBob.keyboard.press('ArrowUp')
    await field.fill('three, changed')
    await ofBob.keyboard.press('Enter')
    await item(ofBob, 'three, changed').getByText('edited', { exact: true }).waitFor()
    expect(await field.inputValue()).toBe('')
    await field.fill('a draft')
    await item(ofBob, 'two').getByRole('button', { name: 'Edit' }).click()
    await field.fill('two, changed')
    await ofBob.getByRole('button', { name: 'Save' }).click()
    await item(ofBob, 'two, changed').waitFor()
    expect(await field.inputValue()).toBe('a draft')

    expect(await actions(ofBob, 'by Alice')).toEqual([])
    expect(await actions(ofBob, 'one')).toEqual(['Edit', 'Redact'])
    await item(ofBob, 'one').getByRole('button', { name: 'Redact' }).focus()
    await ofBob.keyboard.press('Enter')
    const dialog = ofBob.getByRole('dialog')
    await dialog.getByText('That there was a message stays visible').waitFor()
    expect(await axeFaults(ofBob)).toEqual([])
    await ofBob.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await item(ofBob, 'one').getByRole('button', { name: 'Redact' }).click()
    await dialog.getByRole('button', { name: 'Redact' }).click()
    await item(ofBob, 'This message has been redacted').waitFor()
    expect(await actions(ofBob, 'This message has been redacted')).toEqual([])

    const ofCarol = await signedIn(place, { user: user('carol'), beside: ofBob })
    await ofCarol.getByRole('navigation').getByRole('button').first().click()
    await item(ofCarol, 'three, changed').getByText('edited', { exact: true }).waitFor()
    expect(await actions(ofCarol, 'three, changed')).toEqual(['Redact'])
    await item(ofCarol, 'three, changed').getByRole('button', { name: 'Redact' }).click()
    await ofCarol.getByRole('dialog').getByRole('button', { name: 'Redact' }).click()
    await item(ofBob, 'three, changed').waitFor({ state: 'detached' })

    const ofAlice = await signedIn(place, { user: alice, beside: ofBob })
    await ofAlice.getByRole('navigation').getByRole('button', { name: 'general' }).click()
    await item(ofAlice, 'two, changed').waitFor()
    expect(await actions(ofAlice, 'two, changed')).toEqual(['Delete'])
    await item(ofAlice, 'two, changed').getByRole('button', { name: 'Delete' }).click()
    await ofAlice.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await item(ofBob, 'two, changed').waitFor({ state: 'detached' })
    await item(ofAlice, 'two, changed').waitFor({ state: 'detached' })
  })

  test('the page has a heading of the first level on each screen, and the name of a channel with a badge has all that is shown', async () => {
    const place = await startPlace()
    const { say, newChannel, messaging, general, alice, bob } = place
    await say('one', await newChannel('another'))
    const mention = { MessageAttributes: { 'CHIME.mentions': { StringValues: [bob] } } }
    const about = { ChannelArn: general, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer: alice } as const
    for (const more of [{}, mention]) await messaging.sendChannelMessage({ ...about, Content: 'hello', ...more })
    const page = await signedIn(place)
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 740 })
      expect(await page.getByRole('heading', { level: 1 }).allTextContents()).toEqual(['Carillon'])
      await channel(page, 'another 1 unread').waitFor()
      await channel(page, 'general @ 2 unread, 1 for you').waitFor()
      expect(await axeFaults(page)).toEqual([])
    }
    await channel(page, 'another 1 unread').click()
    await message(page, 'one').waitFor()
    expect(await page.getByRole('heading', { level: 1 }).allTextContents()).toEqual(['Carillon'])
    expect(await axeFaults(page)).toEqual([])
  })

  test('the address names the open channel: Back leads to the one before, with what was written there', async () => {
    const place = await startPlace()
    await place.newChannel('another')
    const page = await signedIn(place)
    const field = page.getByRole('textbox', { name: 'Message' })
    await channel(page, 'general').click()
    await field.fill('for general')
    await channel(page, 'another').click()
    await page.getByRole('heading', { name: 'another' }).waitFor()
    expect(await field.inputValue()).toBe('')
    await page.goBack()
    await page.getByRole('heading', { name: 'general' }).waitFor()
    expect(await field.inputValue()).toBe('for general')
    await page.goBack()
    await page.getByText('Choose a channel').waitFor()
  })

  test('the page opens channels whatever the address says, and offers what a moderator may do once the user is one', async () => {
    const place = await startPlace()
    const { messaging, say, newChannel, general, alice, bob } = place
    await newChannel('another')
    await say('by Alice')
    const page = await signedIn(place)
    await page.evaluate("location.hash = '#%'")
    await channel(page, 'general 1 unread').click()
    await item(page, 'by Alice').waitFor()
    const pin = item(page, 'by Alice').getByRole('button', { name: 'Pin', exact: true })
    expect(await pin.count()).toBe(0)
    await messaging.createChannelModerator({ ChannelArn: general, ChannelModeratorArn: bob, ChimeBearer: alice })
    await channel(page, 'another').click()
    await channel(page, 'general').click()
    await pin.waitFor()
    await item(page, 'by Alice').getByRole('button', { name: 'Redact' }).waitFor()
  })

  test('an answer that comes late leaves what was written meanwhile, a change of a message and a draft as they are', async () => {
    const place = await startPlace()
    const page = await signedIn(place)
    await channel(page, 'general').click()
    const field = page.getByRole('textbox', { name: 'Message' })
    await field.fill('one')
    await page.keyboard.press('Enter')
    await item(page, 'one').waitFor()

    /** Holds the answers of this method to the page, until the returned function is called. */
    const hold = async (method: string) => {
      const devTools = await page.context().newCDPSession(page)
      const held: string[] = []
      devTools.on('Fetch.requestPaused', ({ requestId, request }) => {
        if (request.method === method) held.push(requestId)
        else devTools.send('Fetch.continueResponse', { requestId }).catch(() => {})
      })
      await devTools.send('Fetch.enable', { patterns: [{ urlPattern: '*/messages*', requestStage: 'Response' }] })
      return async () => {
        await expect.poll(() => held.length).toBe(1)
        const answered = page.waitForResponse(response => response.request().method() === method)
        await devTools.send('Fetch.continueResponse', { requestId: held[0]! })
        await answered
        await devTools.detach()
        // The page has handled the answer before it hears of this message.
        const { MessageId } = await place.say('after the answer')
        await item(page, 'after the answer').waitFor()
        await place.messaging.deleteChannelMessage({ ChannelArn: place.general, MessageId, ChimeBearer: place.alice })
        await item(page, 'after the answer').waitFor({ state: 'detached' })
      }
    }

    const answerFirst = await hold('POST')
    await field.fill('zero')
    await page.keyboard.press('Enter')
    await item(page, 'zero').waitFor()
    await field.fill('written meanwhile')
    await answerFirst()
    expect(await field.inputValue()).toBe('written meanwhile')

    const answerNext = await hold('POST')
    await field.fill('next')
    await page.keyboard.press('Enter')
    await item(page, 'next').waitFor()
    await field.fill('a draft')
    await item(page, 'one').getByRole('button', { name: 'Edit' }).click()
    await answerNext()
    await page.keyboard.press('Escape')
    expect(await field.inputValue()).toBe('a draft')

    const answerSend = await hold('POST')
    await field.fill('two')
    await page.keyboard.press('Enter')
    await item(page, 'two').waitFor()
    await item(page, 'two').getByRole('button', { name: 'Edit' }).click()
    await answerSend()
    await page.getByText('Edit your message: two').waitFor()
    expect(await field.inputValue()).toBe('two')
    await page.keyboard.press('Escape')
    expect(await field.inputValue()).toBe('')

    await field.fill('a draft')
    await item(page, 'one').getByRole('button', { name: 'Edit' }).click()
    const answerChange = await hold('PUT')
    await field.fill('one, changed')
    await page.keyboard.press('Enter')
    await item(page, 'one, changed').waitFor()
    await page.keyboard.press('Escape')
    expect(await field.inputValue()).toBe('a draft')
    await answerChange()
    expect(await field.inputValue()).toBe('a draft')

    await item(page, 'one, changed').getByRole('button', { name: 'Edit' }).click()
    const answerSecond = await hold('PUT')
    await field.fill('one')
    await page.keyboard.press('Enter')
    await item(page, 'one').waitFor()
    await field.fill('one, changed again')
    await answerSecond()
    expect(await field.inputValue()).toBe('one, changed again')
    await page.keyboard.press('Enter')
    await item(page, 'one, changed again').waitFor()
    await expect.poll(() => field.inputValue()).toBe('a draft')
  })

  test('events that come together are shown together, and none of them makes the page ask again what the user may do', async () => {
    const place = await startPlace()
    const other = await place.newChannel('another')
    const page = await signedIn(place)
    await channel(page, 'another').waitFor()
    const asked: string[] = []
    page.on('request', request => asked.push(request.url()))
    await page.evaluate(`
      globalThis.timesShown = 0
      new MutationObserver(() => timesShown++).observe(document.querySelector('#channels'), { childList: true })`)

    // The page stands still until all have been sent.
    const devTools = await page.context().newCDPSession(page)
    await devTools.send('Debugger.enable')
    const paused = new Promise(resolve => devTools.once('Debugger.paused', resolve))
    await devTools.send('Debugger.pause')
    await paused
    await Promise.all(Array.from({ length: 40 }, async () => place.say('again', other)))
    for (const name of ['first', 'second', 'third']) await place.newChannel(name)
    await devTools.send('Debugger.resume')
    await channel(page, 'another 40 unread').waitFor()
    await channel(page, 'third').waitFor()
    expect(await page.evaluate('timesShown')).toBeLessThan(20)
    const times = (part: string) => asked.filter(url => url.includes(part)).length
    expect(times('unread-counts')).toBeGreaterThan(2)
    // The page may still be asking because it has just connected.
    expect(times('moderated-channels')).toBeLessThan(2)
  })

  test('a page whose session is closed shows the channels that its user opens, and calls nothing that needs a session', async () => {
    const place = await startPlace({ flags: ['--test-mode'] })
    const { newChannel, carillon, say, bob } = place
    const other = await newChannel('another')
    const page = await signedIn(place)
    await channel(page, 'another').waitFor()
    await carillon.call('CloseTestSessions', { CloseCode: 4003, AppInstanceUserArn: bob })
    await state(page, /^Closed \(4003/)
    await say('meanwhile', other)
    await channel(page, 'another').click()
    await message(page, 'meanwhile').waitFor()
    // Without a session the page does not know who is online.
    await page.getByRole('list', { name: 'Members' }).getByText('alice', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Connect again' }).click()
    await state(page, 'Connected')
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  test('a channel in which the user was alone and hidden shows its members once there are some', async () => {
    const place = await startPlace()
    const { messaging, AppInstanceArn, alice, bob } = place
    const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: 'watched', ChimeBearer: alice })
    await messaging.createChannelMembership({ ChannelArn, MemberArn: bob, Type: 'HIDDEN', ChimeBearer: alice })
    // Of the HIDDEN members only moderators see who is online.
    await messaging.createChannelModerator({ ChannelArn, ChannelModeratorArn: bob, ChimeBearer: alice })
    await messaging.deleteChannelMembership({ ChannelArn, MemberArn: alice, ChimeBearer: alice })
    const page = await signedIn(place)
    const members = page.getByRole('list', { name: 'Members' })
    await channel(page, 'watched').click()
    await members.getByText('0 online').waitFor()
    await messaging.createChannelMembership({ ChannelArn, MemberArn: alice, Type: 'DEFAULT', ChimeBearer: alice })
    await channel(page, 'general').click()
    await members.getByText('alice offline').waitFor()
    await channel(page, 'watched').click()
    await members.getByText('alice offline').waitFor()
    expect(await members.getByText('0 online').count()).toBe(0)
  })

  test('the page reconnects after a restart and shows what has happened meanwhile, and stays closed when its user is deleted', async () => {
    const place = await startPlace()
    const { server, serve, say, newChannel, identity, messaging, general, alice, bob } = place
    await say('before')
    const { MessageId } = await say('to be deleted')
    const page = await signedIn(place)
    await channel(page, 'general 2 unread').click()
    await message(page, 'to be deleted').waitFor()
    await page.getByRole('textbox', { name: 'Message' }).fill('a draft')

    // The machine of the page has lost the network, so that it cannot reconnect before something has happened. The SDK gives up ten
    // seconds later, and a busy machine may need as long to end the server and to start it: the page's time stands still meanwhile.
    await page.context().setOffline(true)
    await page.clock.install()
    await page.clock.pauseAt(Date.now() + 1000)
    server.kill('SIGTERM')
    await state(page, /^Reconnecting… \(1012 The server restarts\)$/)
    await server.exit()
    await serve()
    const deleted = messaging.deleteChannelMessage({ ChannelArn: general, MessageId, ChimeBearer: alice })
    await Promise.all([say('meanwhile'), newChannel('another'), deleted])
    await page.context().setOffline(false)
    await page.clock.resume()
    await state(page, 'Connected')
    await message(page, 'meanwhile').waitFor()
    await channel(page, 'another').waitFor()
    expect(await page.getByRole('main').getByRole('listitem').getByRole('paragraph').allTextContents()).toEqual(['before', 'meanwhile'])
    expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('a draft')
    await say('again')
    await message(page, 'again').waitFor()

    await identity.deleteAppInstanceUser({ AppInstanceUserArn: bob })
    await state(page, 'Closed (4003 The user has been deleted)')
    // The page's first attempt to reconnect would come within a second.
    await setTimeout(1500)
    await state(page, 'Closed (4003 The user has been deleted)')
    await page.getByRole('button', { name: 'Connect again' }).click()
    await state(page, /^Closed \(4401 /)
  })

  test('two users see in the page what Amazon does not have: counts, who is online, who types, reactions, replies, pins and search results', async () => {
    const place = await startPlace({ flags: ['--search', 'on', '--presence-grace-seconds', '1'] })
    const { say, newChannel, messaging, general, alice, bob } = place
    await newChannel('quiet')
    await say('the first')
    await messaging.sendChannelMessage({
      ChannelArn: general,
      Content: 'a needle in the haystack',
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      MessageAttributes: { 'CHIME.mentions': { StringValues: [bob] } },
      ChimeBearer: alice,
    })
    const ofBob = await signedIn(place)
    await channel(ofBob, 'general @ 2 unread, 1 for you').click()
    await ofBob.locator('.first-new').getByText('the first', { exact: true }).waitFor()
    await channel(ofBob, 'general').waitFor()
    expect(await ofBob.title()).toBe('general – Carillon chat')
    await ofBob.getByRole('list', { name: 'Members' }).getByText('alice offline').waitFor()

    const ofAlice = await signedIn(place, { user: alice, beside: ofBob })
    await channel(ofAlice, 'general').click()
    await ofBob.getByRole('list', { name: 'Members' }).getByText('alice online').waitFor()
    await ofBob.getByLabel('Status').selectOption('Busy')
    await ofAlice.getByRole('list', { name: 'Members' }).getByText('bob busy').waitFor()

    await ofAlice.getByRole('textbox', { name: 'Message' }).pressSequentially('I type')
    await ofBob.getByRole('status').getByText('alice is typing…').waitFor()
    await ofAlice.keyboard.press('Enter')
    await message(ofBob, 'I type').waitFor()
    await ofBob.getByRole('status').getByText('alice is typing…').waitFor({ state: 'detached' })

    await typed(ofBob).locator('summary').click()
    await typed(ofBob).getByRole('button', { name: 'React with 🎉' }).click()
    await typed(ofAlice).getByRole('button', { name: '🎉 1', pressed: false }).click()
    await typed(ofBob).getByRole('button', { name: '🎉 2', pressed: true }).click()
    await typed(ofAlice).getByRole('button', { name: '🎉 1', pressed: true }).waitFor()

    await typed(ofBob).getByRole('button', { name: 'Reply' }).click()
    await ofBob.getByRole('textbox', { name: 'Message' }).fill('in the thread')
    await ofBob.keyboard.press('Enter')
    await ofAlice.getByRole('main').getByRole('button', { name: 'I type' }).waitFor()
    await typed(ofAlice).getByText('1 reply').waitFor()

    // Alice is a moderator and pins; Bob sees the pin at once, and may not pin.
    await typed(ofAlice).getByRole('button', { name: 'Pin', exact: true }).click()
    await typed(ofBob)
      .getByText(/ · pinned$/)
      .waitFor()
    await ofBob.getByText('1 pinned').click()
    const pinned = ofBob.getByRole('list', { name: 'Pinned messages' }).getByRole('button')
    await pinned.getByText('I type', { exact: true }).waitFor()
    expect(
      await typed(ofBob)
        .getByRole('button', { name: /Pin|Unpin/ })
        .count(),
    ).toBe(0)
    const { MessageId } = await say('to be pinned and redacted')
    await ofAlice.getByRole('listitem').filter({ hasText: 'to be pinned' }).getByRole('button', { name: 'Pin', exact: true }).click()
    await ofBob.getByText('2 pinned').waitFor()
    expect(await pinned.allTextContents()).toEqual(['aliceto be pinned and redacted', 'aliceI type'])
    await messaging.redactChannelMessage({ ChannelArn: general, MessageId: MessageId!, ChimeBearer: alice })
    await ofBob.getByText('1 pinned').waitFor()
    expect(await axeFaults(ofBob)).toEqual([])
    await typed(ofAlice).getByRole('button', { name: 'Unpin', exact: true }).click()
    await ofBob.getByText('1 pinned').waitFor({ state: 'hidden' })
    await typed(ofBob)
      .getByText(/ · pinned$/)
      .waitFor({ state: 'detached' })

    const search = ofBob.getByRole('searchbox')
    const found = ofBob.getByRole('region', { name: 'Found messages' })
    await expect
      .poll(async () => {
        await search.fill('need*')
        await search.press('Enter')
        await found
          .getByText(/Nothing found|needle/)
          .first()
          .waitFor()
        return found.locator('mark').allTextContents()
      })
      .toEqual(['needle'])
    await channel(ofBob, 'quiet').click()
    await found.getByRole('button').click()
    await ofBob.getByRole('paragraph').getByText('a needle in the haystack', { exact: true }).waitFor()
    await search.fill('')
    await found.waitFor({ state: 'hidden' })
    expect(await axeFaults(ofBob)).toEqual([])

    await ofAlice.close()
    await ofBob
      .getByRole('list', { name: 'Members' })
      .getByText(/^alice last seen/)
      .waitFor()
  })

  test('a found, pinned or quoted message is scrolled to, however old it is', async () => {
    const place = await startPlace({ flags: ['--search', 'on'] })
    const { say, newChannel, messaging, carillon, general, alice, bob } = place
    await newChannel('quiet')
    const MessageId = (await say('a needle in the haystack')).MessageId!
    for (let straw = 1; straw <= 60; straw++) await say(`straw ${straw}`)
    const reply = { Content: 'found it', MessageAttributes: { 'CARILLON.thread': { StringValues: [MessageId] } } }
    const about = { ChannelArn: general, ChimeBearer: alice }
    await messaging.sendChannelMessage({ ...about, ...reply, Type: 'STANDARD', Persistence: 'PERSISTENT' })
    await carillon.call('PinMessage', { ...about, MessageId })
    const search = async () => (await carillon.call('SearchMessages', { SearchText: 'needle', ChimeBearer: bob })).FoundMessages!.length
    await expect.poll(search).toBe(1)

    const page = await signedIn(place)
    const needle = item(page, 'a needle in the haystack')
    const seen = async () => {
      const [own, room] = [await needle.getByRole('paragraph').boundingBox(), await page.getByRole('log').boundingBox()]
      return own!.y >= room!.y && own!.y + own!.height <= room!.y + room!.height
    }
    const toTheEnd = async () => {
      await item(page, 'found it').scrollIntoViewIfNeeded()
      expect(await seen()).toBe(false)
    }
    await channel(page, 'general 62 unread').click()
    await page.getByRole('button', { name: 'An earlier message' }).waitFor()
    await channel(page, 'quiet').click()
    await page.getByRole('searchbox').fill('needle')
    await page.keyboard.press('Enter')
    await page.getByRole('region', { name: 'Found messages' }).getByRole('button').click()
    await needle.waitFor()
    await expect.poll(seen).toBe(true)

    await toTheEnd()
    await page.getByText('1 pinned').click()
    await page.getByRole('list', { name: 'Pinned messages' }).getByRole('button').click()
    await expect.poll(seen).toBe(true)

    await toTheEnd()
    await item(page, 'found it').getByRole('button', { name: 'a needle in the haystack' }).click()
    await expect.poll(seen).toBe(true)
  })

  test('up to a hundred members are listed, those who are online first, and leave room for the messages on a phone', async () => {
    const others = Array.from({ length: 60 }, (_, number) => `other-${number}`)
    const place = await startPlace({ members: ['bob'] })
    const { identity, messaging, AppInstanceArn, user, general, alice } = place
    for (const id of others) await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: id, Name: id })
    await messaging.batchCreateChannelMembership({ ChannelArn: general, MemberArns: others.map(user), ChimeBearer: alice })
    const ofBob = await signedIn(place)
    await signedIn(place, { user: user('other-59'), beside: ofBob })

    await ofBob.setViewportSize({ width: 360, height: 640 })
    const members = ofBob.getByRole('list', { name: 'Members' })
    await ofBob.evaluate(`said = []; new MutationObserver(([{ target }]) => said.push(target.textContent)).observe(
      document.querySelector('#people'), { childList: true })`)
    await channel(ofBob, 'general').click()
    await members.getByText('other-59 online').waitFor()
    // Nobody is said to be offline before the server has said who is.
    const said = await ofBob.evaluate<string[]>('said')
    expect(said.filter(text => text.includes('other-59 offline'))).toEqual([])
    expect(await members.getByRole('listitem').count()).toBe(61)
    expect(await members.getByRole('listitem').first().textContent()).toBe('other-59 online')
    expect((await ofBob.getByRole('log').boundingBox())!.height).toBeGreaterThan(250)
    expect(await axeFaults(ofBob)).toEqual([])
  })

  test('the keyboard stays on a button whose message is shown anew, and does not leave the messages when the button is gone', async () => {
    const place = await startPlace()
    const { say, carillon, messaging, general, alice, bob } = place
    const about = { ChannelArn: general, ChimeBearer: alice }
    const MessageId = (await say('hello')).MessageId!
    const mine = await messaging.sendChannelMessage({
      ...about,
      Content: 'by Bob',
      Type: 'STANDARD',
      Persistence: 'PERSISTENT',
      ChimeBearer: bob,
    })
    await carillon.call('PinMessage', { ...about, MessageId })
    const page = await signedIn(place)
    await channel(page, 'general').click()
    await item(page, 'by Bob').waitFor()
    const hello = item(page, 'hello')

    await hello.locator('summary').focus()
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await hello.getByRole('button', { name: '👍 1', pressed: true }).waitFor()
    expect(await isFocused(hello.locator('summary'))).toBe(true)

    const [reaction, reply] = [hello.getByRole('button', { name: '👍' }), hello.getByRole('button', { name: 'Reply' })]
    await reaction.focus()
    await page.keyboard.press('Enter')
    await reaction.waitFor({ state: 'detached' })
    expect(await isFocused(hello.locator('summary'))).toBe(true)

    await reply.focus()
    await carillon.call('PutMessageReactions', { ...about, MessageId, Reactions: ['👍'] })
    await reaction.waitFor()
    expect(await isFocused(reply)).toBe(true)

    await page.getByText('1 pinned').click()
    const pinned = page.getByRole('list', { name: 'Pinned messages' }).getByRole('button')
    await pinned.focus()
    await carillon.call('PutMessageReactions', { ...about, MessageId, Reactions: [] })
    await reaction.waitFor({ state: 'detached' })
    expect(await isFocused(pinned)).toBe(true)

    await item(page, 'by Bob').getByRole('button', { name: 'Redact' }).focus()
    await messaging.redactChannelMessage({ ...about, MessageId: mine.MessageId! })
    await message(page, 'This message has been redacted').waitFor()
    expect(await isFocused(page.getByRole('log'))).toBe(true)
    await reply.focus()
    await messaging.deleteChannelMessage({ ...about, MessageId })
    await hello.waitFor({ state: 'detached' })
    expect(await isFocused(page.getByRole('log'))).toBe(true)
  })

  test('a screen reader reads out each new message, and of one that changes only what is new', async () => {
    const place = await startPlace()
    const { say, carillon, messaging, general, alice } = place
    const page = await signedIn(place)
    await channel(page, 'general').click()
    await page.getByText('There are no messages yet').waitFor()
    const devTools = await page.context().newCDPSession(page)
    await devTools.send('Accessibility.enable')
    const { nodes } = await devTools.send('Accessibility.getFullAXTree')
    const log = nodes.find(({ role }) => role?.value === 'log')
    expect(log?.properties).toContainEqual({ name: 'live', value: { type: 'token', value: 'polite' } })

    // What comes into the messages is read out, except where the page says that it is not.
    await page.evaluate(`
      readOut = []
      new MutationObserver(records => {
        for (const node of records.flatMap(({ addedNodes }) => [...addedNodes])) {
          const around = node.parentElement?.closest('[aria-live]')
          const copy = document.createElement('div')
          copy.append(node.cloneNode(true))
          for (const quiet of copy.querySelectorAll('[aria-live=off]')) quiet.remove()
          if (around?.ariaLive !== 'off' && copy.textContent !== '') readOut.push(copy.textContent)
        }
      }).observe(document.querySelector('[role=log]'), { childList: true, subtree: true })`)
    const readOut = () => page.evaluate<string[]>('readOut.splice(0)')
    const MessageId = (await say('hello')).MessageId!
    await message(page, 'hello').waitFor()
    expect(await readOut()).toEqual([expect.stringMatching(/^alice · .*hello$/)])

    const about = { ChannelArn: general, MessageId, ChimeBearer: alice }
    await carillon.call('PutMessageReactions', { ...about, Reactions: ['👍'] })
    await item(page, 'hello').getByRole('button', { name: '👍 1' }).waitFor()
    expect(await readOut()).toEqual([])
    await messaging.updateChannelMessage({ ...about, Content: 'changed' })
    await message(page, 'changed').waitFor()
    expect(await readOut()).toEqual([expect.stringMatching(/^alice · .* · edited$/), 'changed'])
    await messaging.redactChannelMessage(about)
    await message(page, 'This message has been redacted').waitFor()
    expect((await readOut()).join(' ')).toMatch(/This message has been redacted$/)
  })

  test('texts from right to left are written so, and change the direction of nothing beside them', async () => {
    const place = await startPlace({ members: ['bob', 'dana'] })
    const { identity, messaging, carillon, general, user, alice } = place
    await identity.updateAppInstanceUser({ AppInstanceUserArn: user('dana'), Name: 'דנה', Metadata: '' })
    const about = { ChannelArn: general, Type: 'STANDARD', Persistence: 'PERSISTENT' } as const
    const { MessageId = '' } = await messaging.sendChannelMessage({ ...about, Content: 'שלום, see you', ChimeBearer: user('dana') })
    const reply = { 'CARILLON.thread': { StringValues: [MessageId] } }
    await messaging.sendChannelMessage({ ...about, Content: 'hello, שלום', MessageAttributes: reply, ChimeBearer: alice })
    await carillon.call('PinMessage', { ChannelArn: general, MessageId, ChimeBearer: alice })
    const page = await signedIn(place)
    await channel(page, 'general 2 unread').click()
    const [hebrew, english] = [item(page, 'שלום, see you'), item(page, 'hello, שלום')]
    expect(await isFromRight(hebrew.getByRole('paragraph'))).toBe(true)
    expect(await isFromRight(english.getByRole('paragraph'))).toBe(false)

    // The name comes before the time, and the mark of a quote is where the text begins.
    const [name, time] = await Promise.all(
      [hebrew.getByText('דנה', { exact: true }), hebrew.locator('time')].map(each => each.boundingBox()),
    )
    expect(name!.x + name!.width).toBeLessThan(time!.x)
    const quote = english.getByRole('button', { name: 'שלום, see you' })
    expect(await isFromRight(quote)).toBe(true)
    expect(await quote.evaluate(({ clientLeft, clientWidth, offsetWidth }) => [clientLeft, offsetWidth - clientWidth])).toEqual([0, 3])

    await page.getByText('1 pinned').click()
    expect(await isFromRight(page.getByRole('list', { name: 'Pinned messages' }).getByText('שלום, see you'))).toBe(true)
    const field = page.getByRole('textbox', { name: 'Message' })
    expect(await isFromRight(field)).toBe(false)
    await field.fill('שלום')
    expect(await isFromRight(field)).toBe(true)
  })

  test('with the keyboard alone a user opens and leaves reactions, pins, a found message and a channel, and stays where that was', async () => {
    const place = await startPlace({ flags: ['--search', 'on'] })
    const { say, carillon, general, alice, bob } = place
    const MessageId = (await say('a needle')).MessageId!
    await carillon.call('PinMessage', { ChannelArn: general, MessageId, ChimeBearer: alice })
    const search = async () => (await carillon.call('SearchMessages', { SearchText: 'needle', ChimeBearer: bob })).FoundMessages!.length
    await expect.poll(search).toBe(1)
    const page = await signedIn(place)
    const needle = item(page, 'a needle')
    expect(await isFocused(page.getByRole('heading', { level: 1 }))).toBe(true)

    // A found message is where the keyboard goes on, also when it is shown anew.
    await page.getByRole('searchbox').focus()
    await page.keyboard.type('needle')
    await page.keyboard.press('Enter')
    const found = page.getByRole('region', { name: 'Found messages' })
    await found.getByRole('status').getByText('1 message found.').waitFor()
    await found.getByRole('button').focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => needle.count().then(async count => count === 1 && isFocused(needle))).toBe(true)
    // It does not take the keyboard from where the user has gone while it was looked for.
    await page.goBack()
    await page.getByText('Choose a channel').waitFor()
    // What it does last is to mark the message.
    await page.evaluate('isMarked = false; Element.prototype.animate = () => { isMarked = true }')
    const { promise: isLetThrough, resolve: letThrough } = Promise.withResolvers<void>()
    await page.route(/reactions/, async route => isLetThrough.then(() => route.continue()))
    await found.getByRole('button').focus()
    await page.keyboard.press('Enter')
    await needle.waitFor()
    await page.getByRole('textbox', { name: 'Message' }).focus()
    letThrough()
    await page.waitForFunction('isMarked')
    expect(await isFocused(page.getByRole('textbox', { name: 'Message' }))).toBe(true)
    await needle.focus()
    await carillon.call('PutMessageReactions', { ChannelArn: general, MessageId, Reactions: ['👍'], ChimeBearer: alice })
    await needle.getByRole('button', { name: '👍 1' }).waitFor()
    expect(await isFocused(needle)).toBe(true)

    const choices = [
      { summary: needle.locator('summary'), choice: needle.getByRole('button', { name: 'React with 👍' }) },
      { summary: page.getByText('1 pinned'), choice: page.getByRole('list', { name: 'Pinned messages' }).getByRole('button') },
    ]
    for (const { summary, choice } of choices) {
      await summary.focus()
      await page.keyboard.press('Enter')
      await choice.focus()
      await page.keyboard.press('Escape')
      await choice.waitFor({ state: 'hidden' })
      expect(await isFocused(summary)).toBe(true)
    }

    // A search that fails leaves nothing of the one before.
    await page.getByRole('searchbox').focus()
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.type('"')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('SearchText has no word').waitFor()
    expect(await found.count()).toBe(0)
    await expect.poll(() => faults.length).toBe(1)
    expect(faults.pop()).toContain('/carillon/messages/search')

    await page.setViewportSize({ width: 360, height: 740 })
    await page.getByRole('button', { name: 'Back to the channels' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('Choose a channel').waitFor()
    expect(await isFocused(channel(page, 'general'))).toBe(true)
  })

  test('the keyboard is on something that is there when the page has hidden what it was on', async () => {
    const place = await startPlace({ flags: ['--test-mode'] })
    const { say, carillon, messaging, general, alice, bob } = place
    for (let number = 1; number <= 60; number++) await say(`line ${number}`)
    const MessageId = (await say('pinned')).MessageId!
    const about = { ChannelArn: general, MessageId, ChimeBearer: alice }
    await carillon.call('PinMessage', about)
    await messaging.createChannelModerator({ ChannelArn: general, ChannelModeratorArn: bob, ChimeBearer: alice })
    const page = await signedIn(place)
    await channel(page, 'general 61 unread').click()
    const press = async (locator: Locator) => {
      await locator.focus()
      await page.keyboard.press('Enter')
    }
    const [log, field] = [page.getByRole('log'), page.getByRole('textbox', { name: 'Message' })]
    const button = (name: string) => item(page, 'pinned').getByRole('button', { name, exact: true })

    await press(page.getByRole('button', { name: 'Earlier messages' }))
    await item(page, 'line 1').waitFor()
    expect(await isFocused(log)).toBe(true)
    await press(button('Reply'))
    await press(page.getByRole('button', { name: 'Cancel' }))
    expect(await isFocused(field)).toBe(true)

    // While the dialog asks, somebody reacts: the message is shown anew.
    await press(button('Redact'))
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    await carillon.call('PutMessageReactions', { ...about, Reactions: ['👍'] })
    await page.locator('.chip').getByText('👍 1').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => isFocused(item(page, 'pinned'))).toBe(true)

    await page.getByText('1 pinned').focus()
    await carillon.call('UnpinMessage', about)
    await page.getByText('1 pinned').waitFor({ state: 'hidden' })
    expect(await isFocused(log)).toBe(true)

    await carillon.call('CloseTestSessions', { CloseCode: 4003, AppInstanceUserArn: bob })
    await press(page.getByRole('button', { name: 'Connect again' }))
    await state(page, 'Connected')
    const heading = page.getByRole('heading', { level: 1 })
    expect(await isFocused(heading)).toBe(true)
    await field.focus()
    await messaging.deleteChannel({ ChannelArn: general, ChimeBearer: alice })
    await page.getByText('You are in no channel yet').waitFor()
    expect(await isFocused(heading)).toBe(true)
  })

  test('the page says that an endpoint does not answer, takes an ARN with a blank beside it, and says what to do without a channel', async () => {
    const place = await startPlace()
    const { data, url, user, messaging, general, bob } = place
    await messaging.deleteChannelMembership({ ChannelArn: general, MemberArn: bob, ChimeBearer: place.alice })
    const page = await newPage(join(data, 'ca.pem'))
    await page.goto(web.url)
    await page.getByLabel('Endpoint').fill(`http://127.0.0.1:${await freePort()}`)
    await page.getByLabel('Access key ID').fill(` ${rootKey.accessKeyId}`)
    await page.getByLabel('Secret access key').fill(rootKey.secretAccessKey)
    await page.getByLabel('User').fill(`${user('bob')} `)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText('The endpoint does not answer').waitFor()
    await page.getByLabel('Endpoint').fill(url)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await state(page, 'Connected')
    await page.getByText('You are in no channel yet').waitFor()
    expect(await page.getByText('Choose a channel').isVisible()).toBe(false)
  })

  test('on a low screen long names leave room for what has been written, and a search says that it has found more', async () => {
    const place = await startPlace({ flags: ['--search', 'on'], members: ['bob', 'carol'] })
    const { identity, messaging, carillon, newChannel, user, alice, bob } = place
    const long = 'Terminabstimmungsbesprechungsgruppe'.repeat(7)
    await identity.updateAppInstanceUser({ AppInstanceUserArn: user('carol'), Name: long.slice(0, 100), Metadata: '' })
    const ChannelArn = await newChannel(long)
    const kept = { ChannelArn, Type: 'STANDARD', Persistence: 'PERSISTENT' } as const
    const { MessageId = '' } = await messaging.sendChannelMessage({ ...kept, Content: 'what was written', ChimeBearer: user('carol') })
    await carillon.call('PinMessage', { ChannelArn, MessageId, ChimeBearer: alice })
    for (let number = 1; number <= 21; number++)
      await messaging.sendChannelMessage({ ...kept, Content: `needle ${number}`, ChimeBearer: bob })
    const isIndexed = async () =>
      (await carillon.call('SearchMessages', { SearchText: '"needle 21"', ChimeBearer: bob })).FoundMessages!.length
    await expect.poll(isIndexed).toBe(1)

    const page = await signedIn(place)
    await page.getByRole('searchbox').fill('needle')
    await page.keyboard.press('Enter')
    await page.getByText('These are the newest 20: more words find older ones.').waitFor()
    await page.getByRole('searchbox').fill('')
    await page.setViewportSize({ width: 360, height: 400 })
    await channel(page, long).click()
    await message(page, 'needle 21').waitFor()
    expect((await page.getByRole('log').boundingBox())!.height).toBeGreaterThan(70)
    await page.getByText('1 pinned').click()
    const text = page.getByRole('list', { name: 'Pinned messages' }).getByText('what was written')
    expect((await text.boundingBox())!.width).toBeGreaterThan(100)
  })
})
