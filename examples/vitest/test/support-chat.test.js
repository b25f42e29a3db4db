import { start } from 'carillon/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { SupportChat } from '../src/support-chat.js'

const seed = {
  Id: 'shop',
  Users: [
    { Id: 'agent', Name: 'Agent' },
    { Id: 'customer', Name: 'Customer' },
  ],
  Channels: [
    {
      Id: 'order-1',
      Moderators: ['agent'],
      Members: ['customer'],
      Messages: [{ Sender: 'agent', Content: 'How can I help?' }],
    },
    { Id: 'order-2', Moderators: ['agent'], Members: ['customer'] },
  ],
}

let chime
let agent
let customer
const chats = []

/** One server for the file; each test begins with the seed. */
beforeAll(async () => {
  chime = await start()
})
beforeEach(async () => {
  await chime.reset()
  const shop = await chime.seed(seed)
  const chatOf = id => {
    const user = chime.as(`${shop}/user/${id}`)
    const chat = new SupportChat(user.clientConfig, user.arn)
    chats.push(chat)
    return { user, chat }
  }
  agent = chatOf('agent')
  customer = chatOf('customer')
})
afterAll(async () => {
  for (const chat of chats) chat.close()
  await chime.stop()
})

const order1 = 'arn:aws:chime:us-east-1:000000000000:app-instance/shop/channel/order-1'

test('the agent hears at once what the customer says', async () => {
  await agent.user.listen()
  await customer.chat.say(order1, 'It is broken.')
  const { payload } = await agent.user.heard('CREATE_CHANNEL_MESSAGE')
  expect(payload.Content).toBe('It is broken.')
})

test('a throttled message is sent again, and once only', async () => {
  await chime.fail('SendChannelMessage', { error: 'ThrottledClientException', times: 2 })
  await customer.chat.say(order1, 'Hello?')
  expect(await customer.chat.history(order1)).toEqual(['Agent: How can I help?', 'Customer: Hello?'])
})

test('orders with a message are unread', async () => {
  expect(await customer.chat.unread()).toEqual(['order-1'])
})
