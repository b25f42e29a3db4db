import { expect, test } from 'vitest'
import { contradictions } from '../../../bench/chaos/checker.ts'
import { newHistory, type History } from '../../../bench/chaos/history.ts'

const channel = 'general'
const members = { [channel]: new Set(['alice']) }

/** Three messages that a member and a guest hear, one of them edited, on two nodes that agree. */
function good(): History {
  const history = newHistory()
  const contents = ['one', 'two', 'three']
  contents.forEach((content, index) =>
    history.sent.push({
      channel,
      user: 'bob',
      content,
      messageId: `id of ${content}`,
      beganAt: 100 * (index + 1),
      ackedAt: 100 * (index + 1) + 10,
    }),
  )
  history.edits.push({ channel, messageId: 'id of one', content: 'one, edited', beganAt: 150, ackedAt: 160 })
  history.moves.push({ channel, user: 'guest', kind: 'join', beganAt: 190, ackedAt: 195 })
  history.moves.push({ channel, user: 'guest', kind: 'leave', beganAt: 250, ackedAt: 260 })
  history.marks.push({ channel, user: 'alice', beganAt: 320, ackedAt: 330 })
  const heard = (content: string, at: number, type = 'CREATE_CHANNEL_MESSAGE', id = content) => ({
    type,
    channel,
    messageId: `id of ${id}`,
    content,
    at,
  })
  history.sockets.push({
    user: 'alice',
    node: 'node 1',
    establishedAt: 50,
    heard: [heard('one', 105), heard('one, edited', 155, 'UPDATE_CHANNEL_MESSAGE', 'one'), heard('two', 205), heard('three', 305)],
  })
  history.sockets.push({ user: 'guest', node: 'node 2', establishedAt: 50, heard: [heard('two', 205)] })
  const messages = ['one, edited', 'two', 'three'].map((content, index) => ({
    messageId: `id of ${contents[index]}`,
    content,
    createdAt: 10_000 * (index + 1),
  }))
  history.final = ['node 1', 'node 2'].map(node => ({
    channel,
    node,
    messages,
    lastMessageAt: 30_000,
    readAt: { alice: 30_500 },
    unread: { alice: 0 },
  }))
  history.recoveries.push({ fault: 'node killed', milliseconds: 300, isWell: true })
  return history
}

const [socket, guest] = [(history: History) => history.sockets[0]!, (history: History) => history.sockets[1]!]

test('the checker finds nothing in a history without a fault', () => {
  expect(contradictions(good(), members)).toEqual({})
})

test.each<[string, (history: History) => void]>([
  [
    'no acknowledged message is lost',
    history => void history.sent.push({ channel, user: 'bob', content: 'four', messageId: 'id of four', beganAt: 10, ackedAt: 20 }),
  ],
  [
    'no message is stored twice',
    ({ final }) => final.forEach(one => Object.assign(one, { messages: [...one.messages, { ...one.messages[1]!, messageId: 'another' }] })),
  ],
  ['a socket hears a channel in order, once, without gaps', history => void socket(history).heard.splice(2, 1)],
  ['a socket hears a channel in order, once, without gaps', history => void socket(history).heard.push(socket(history).heard[3]!)],
  [
    'a socket hears a channel in order, once, without gaps',
    history => void socket(history).heard.push(...socket(history).heard.splice(2, 1)),
  ],
  ['a socket hears all since it was established', history => void socket(history).heard.splice(0, 2)],
  [
    'a client that reconnects hears what it missed',
    history => {
      const heard = socket(history).heard.splice(2)
      socket(history).closedAt = 190
      history.sockets.push({ user: 'alice', node: 'node 2', establishedAt: 290, heard: heard.slice(1) })
    },
  ],
  ['every socket hears the last message', history => void socket(history).heard.pop()],
  ['every socket hears the last message', history => void (socket(history).closedAt = 400)],
  ['edits stand and are heard', history => void socket(history).heard.splice(1, 1)],
  ['edits stand and are heard', history => void history.edits.push({ ...history.edits[0]!, content: 'other', beganAt: 170, ackedAt: 180 })],
  ['a channel is heard by its members, and by nobody else', history => void guest(history).heard.pop()],
  ['a channel is heard by its members, and by nobody else', history => void guest(history).heard.push(socket(history).heard[3]!)],
  ['unread is right', ({ final }) => final.forEach(one => Object.assign(one, { readAt: { alice: undefined } }))],
  ['unread is right', ({ final }) => final.forEach(one => Object.assign(one, { lastMessageAt: 20_000 }))],
  [
    'unread is right',
    history => {
      history.sent.push({ channel, user: 'bob', content: 'four', messageId: 'id of four', beganAt: 400, ackedAt: 410 })
      const four = { messageId: 'id of four', content: 'four', createdAt: 30_400 }
      history.final = history.final.map(one => ({ ...one, messages: [...one.messages, four], lastMessageAt: 30_400 }))
    },
  ],
  ['unread messages are counted', ({ final }) => final.forEach(one => Object.assign(one, { unread: { alice: 1 } }))],
  // The marker is older than the last message.
  ['unread messages are counted', ({ marks }) => void Object.assign(marks[0]!, { beganAt: 220, ackedAt: 230 })],
  ['unread messages are counted', ({ final }) => final.forEach(one => Object.assign(one, { unread: {} }))],
  ['all nodes say the same', ({ final }) => void Object.assign(final[1]!, { readAt: { alice: 31_000 } })],
  ['nothing is refused', ({ refusals }) => void refusals.push('alice is closed with 4002 by node 1')],
  [
    'every client is well again in time',
    ({ recoveries }) => void recoveries.push({ fault: 'NATS away', milliseconds: 60_000, isWell: false }),
  ],
])('the checker finds what contradicts: %s', (property, spoil) => {
  const history = good()
  spoil(history)
  expect(Object.keys(contradictions(history, members))).toContain(property)
})
