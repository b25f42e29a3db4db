import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { freePort } from '../support/ports.ts'
import { patience } from '../support/patience.ts'
import { Program, rootKey } from '../support/process.ts'
import { relay } from '../support/relay.ts'
import { startPlace, type Place } from './place.ts'
import type { AskedSession } from './stock-session.ts'

const client = fileURLToPath(new URL('session-client.ts', import.meta.url))

/** Sessions in a Node that trusts the server by the variable that the README names. */
const sessionsOf = ({ url, data }: Place, ...asked: (Partial<AskedSession> & { name: string; userArn: string })[]) =>
  new Sessions(
    asked.map(given => ({ endpoint: url, credentials: rootKey, ...given })),
    join(data, 'ca.pem'),
  )

class Sessions {
  readonly #program: Program

  constructor(asked: readonly AskedSession[], ca: string) {
    this.#program = new Program(process.execPath, [client, JSON.stringify(asked)], { env: { NODE_EXTRA_CA_CERTS: ca } })
  }

  /** The events of a session since it was started: one line each. */
  told(name: string): string[] {
    const lines = this.#program.stdout.split('\n').filter(line => line.startsWith(`${name} `))
    return lines.map(line => line.slice(name.length + 1).trim())
  }

  /** Resolves once the session has had that event so many times. */
  async hears(name: string, what: string | RegExp, times = 1) {
    const isMeant = (line: string) => (typeof what === 'string' ? line === what : what.test(line))
    for (const start = Date.now(); this.told(name).filter(isMeant).length < times; await setTimeout(20)) {
      if (Date.now() - start < patience) continue
      throw new Error(`${name} has not heard ${what} ${times} times, but:\n${this.#program.stdout}\n${this.#program.stderr}`)
    }
  }
}

test('start() resolves at SESSION_ESTABLISHED, the prefetch sends the channels, and messages arrive', async () => {
  const place = await startPlace()
  const { say, bob } = place
  await say('before')
  const running = sessionsOf(place, { name: 'bob', userArn: bob })
  await running.hears('bob', /^CHANNEL_DETAILS/)
  const [connecting, ...told] = running.told('bob')
  expect(connecting).toBe('connecting')
  expect(told.slice(0, 3).toSorted()).toEqual(['SESSION_ESTABLISHED null', 'resolved', 'started'])
  expect(told[3]).toMatch(/^CHANNEL_DETAILS \{"Channel":\{"Name":"general",.*"Content":"before"/)
  await say('Grüße 👋')
  await running.hears('bob', /^CREATE_CHANNEL_MESSAGE .*"Content":"Grüße 👋"/)
})

test('a session hears the events that Amazon does not have if its signer asks for them, and the presence that it watches; others hear none', async () => {
  const place = await startPlace()
  const { alice, bob, messaging, carillon, general: ChannelArn } = place
  const events = ['read', 'unread', 'typing', 'reaction', 'thread', 'pin']
  const running = sessionsOf(place, { name: 'bob', userArn: bob, sessionId: 'of-bob', events }, { name: 'plain', userArn: bob })
  for (const name of ['bob', 'plain']) await running.hears(name, 'started')
  const asAlice = { ChannelArn, ChimeBearer: alice }
  const { MessageId = '' } = await place.say('root')
  await carillon.call('SendTypingIndicator', { ...asAlice, IsTyping: true })
  await carillon.call('PutMessageReactions', { ...asAlice, MessageId, Reactions: ['👍'] })
  await carillon.call('PinMessage', { ...asAlice, MessageId })
  await carillon.call('UnpinMessage', { ...asAlice, MessageId })
  const MessageAttributes = { 'CARILLON.thread': { StringValues: [MessageId] } }
  await messaging.sendChannelMessage({ ...asAlice, Content: 'reply', Type: 'STANDARD', Persistence: 'PERSISTENT', MessageAttributes })
  await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: bob })
  await carillon.call('WatchPresence', { SessionId: 'of-bob', AppInstanceUserArns: [alice], ChimeBearer: bob })
  for (const event of [
    /^UPDATE_TYPING_INDICATOR .*"Name":"alice".*"IsTyping":true/,
    /^UPDATE_CHANNEL_MESSAGE_REACTIONS .*"Reactions":\[\{"Reaction":"👍","Count":1\}\]/,
    /^PIN_CHANNEL_MESSAGE .*"Name":"alice"/,
    /^UNPIN_CHANNEL_MESSAGE .*"Name":"alice"/,
    /^UPDATE_CHANNEL_THREAD .*"ReplyCount":1/,
    /^UPDATE_CHANNEL_READ_MARKER .*"Name":"bob"/,
    /^UPDATE_CHANNEL_UNREAD .*"UnreadCount":0/,
    /^UPDATE_PRESENCE .*"IsOnline":false/,
  ]) {
    await running.hears('bob', event)
  }
  await place.say('last')
  await running.hears('plain', /^CREATE_CHANNEL_MESSAGE .*"Content":"last"/)
  const types = running.told('plain').map(line => line.split(' ', 1)[0])
  expect(types.filter(type => type?.includes('_'))).toEqual([
    'SESSION_ESTABLISHED',
    'CHANNEL_DETAILS',
    'CREATE_CHANNEL_MESSAGE',
    'CREATE_CHANNEL_MESSAGE',
    'CREATE_CHANNEL_MESSAGE',
  ])
})

test.each([
  ['SIGTERM', 1012],
  ['SIGKILL', 1006],
] as const)('after %s a session is closed with %i, reconnects by itself and hears what it has missed', async (signal, code) => {
  const place = await startPlace()
  const { server, serve, say, bob, data } = place
  // A busy machine may need more than ten seconds to end a server and to start it.
  const running = sessionsOf(place, { name: 'bob', userArn: bob, reconnectMilliseconds: patience })
  await running.hears('bob', 'started')
  await say('before')
  await running.hears('bob', /^CREATE_CHANNEL_MESSAGE .*"Content":"before"/)
  const stored = new DatabaseSync(join(data, 'carillon.db'), { readOnly: true })
  await expect.poll(() => stored.prepare('select user_id from resumable_sessions').all()).toHaveLength(1)
  stored.close()
  server.kill(signal)
  await server.exit()
  await serve()
  await say('missed')
  await running.hears('bob', 'started', 2)
  await running.hears('bob', /^CREATE_CHANNEL_MESSAGE .*"Content":"missed"/)
  expect(running.told('bob')).toContain(`closed ${code}`)
  await say('again')
  await running.hears('bob', /^CREATE_CHANNEL_MESSAGE .*"Content":"again"/)
})

test('a session reconnects by itself after 1001, 1006, 1011, 1012, 1013, 1014 and 4005, and stays closed after 1000, 1008 and 4000', async () => {
  const port = await freePort()
  const [returning, staying] = [
    [1001, 1006, 1011, 1012, 1013, 1014, 4005],
    [1000, 1008, 4000],
  ]
  const codes = [...returning, ...staying].map(String)
  const place = await startPlace({ flags: ['--public-ws-host', `localhost:${port}`], members: codes })
  const { say, user, tlsUrl, data } = place
  const proxy = await relay(port, tlsUrl, data)
  const running = sessionsOf(place, ...codes.map(code => ({ name: code, sessionId: code, userArn: user(code) })))
  for (const code of codes) await running.hears(code, 'started')
  for (const code of codes) proxy.close(code, Number(code))
  for (const code of returning.map(String)) await running.hears(code, 'started', 2)
  for (const code of staying.map(String)) await running.hears(code, `stopped ${code}`)
  for (const code of codes) expect(running.told(code)).toContain(`closed ${code}`)
  await say('again')
  for (const code of returning.map(String)) await running.hears(code, /^CREATE_CHANNEL_MESSAGE .*"Content":"again"/)
  for (const code of staying.map(String)) expect(running.told(code).filter(line => line === 'connecting')).toHaveLength(1)
})

test('a session stays closed after 4002, when a second one has the same session id, and after 4003, when its user is deleted', async () => {
  const place = await startPlace()
  const { alice, bob, identity } = place
  const running = sessionsOf(place, { name: 'bob', userArn: bob }, { name: 'first', userArn: alice, sessionId: 'same' })
  for (const name of ['bob', 'first']) await running.hears(name, 'started')
  const second = sessionsOf(place, { name: 'second', userArn: alice, sessionId: 'same' })
  await running.hears('first', 'stopped 4002')
  await second.hears('second', 'started')
  await identity.deleteAppInstanceUser({ AppInstanceUserArn: bob })
  await running.hears('bob', 'stopped 4003')
  // The client's first attempt to reconnect would come within a second.
  await setTimeout(1500)
  for (const name of ['bob', 'first']) expect(running.told(name).filter(line => line === 'connecting')).toHaveLength(1)
  expect(second.told('second')).not.toContain(expect.stringMatching(/^closed/))
})

test('start() rejects with 4401 and the reason if the secret is wrong or the user does not exist', async () => {
  const place = await startPlace()
  const { bob, tlsUrl } = place
  const credentials = { ...rootKey, secretAccessKey: 'another' }
  const running = sessionsOf(
    place,
    { name: 'secret', userArn: bob, credentials, host: new URL(tlsUrl).host },
    { name: 'user', userArn: `${bob}by` },
  )
  await running.hears('secret', /^rejected 4401 Unauthorized: signature mismatch/)
  await running.hears('user', 'rejected 4401 Unauthorized: userArn is not the ARN of an existing user')
  for (const name of ['secret', 'user']) expect(running.told(name).filter(line => line === 'connecting')).toHaveLength(1)
})
