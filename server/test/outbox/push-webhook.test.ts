import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { expect, test } from 'vitest'
import { listDead } from './push-scene.ts'
import { startHttp } from '../support/push.ts'
import { until } from '../support/processor.ts'
import { application, note, pushWorld } from './push-scene.ts'

const secret = 'a secret of twenty characters'
process.env['TEST_PUSH_SECRET'] = secret

interface Posted {
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly content: { readonly Push?: unknown; readonly Devices: { readonly EndpointId: string }[] }
}

/** A webhook of the operator: the requests that it has received, and its answers. */
async function webhook() {
  const hook = {
    url: '',
    posted: [] as Posted[],
    answer: (): { status: number; body?: string } => ({ status: 200 }),
  }
  hook.url = await startHttp(({ headers }, body, response) => {
    const posted = { headers, text: body.toString(), content: JSON.parse(body.toString()) as Posted['content'] }
    hook.posted.push(posted)
    const { status, body: answer = '' } = hook.answer()
    response.writeHead(status).end(answer)
  })
  return hook
}

const entry = (url: string, more: object = {}) => ({
  [application]: { type: 'webhook', url, secretVariable: 'TEST_PUSH_SECRET', ...more },
})

test('a webhook receives the push and its devices of every type in one signed request', async () => {
  const hook = await webhook()
  const { user, register, openWith, push } = await pushWorld('sqlite', entry(hook.url))
  const ofBob = await register('bob', 'phone')
  const EndpointAttributes = { DeviceToken: 'tablet', VoipDeviceToken: 'voip' }
  const ofEve = await register('eve', '', { Type: 'APNS', EndpointAttributes })
  const channel = await openWith('bob', 'eve')
  const MessageId = await push(channel)
  const [{ text, headers, content }] = (await until(() => (hook.posted.length > 0 ? hook.posted : undefined))) as [Posted]
  expect(content).toEqual({
    Push: { Type: 'DEFAULT', Title: 'Ann', Body: 'Dinner at 8?', ChannelArn: channel, MessageId },
    Devices: [
      {
        AppInstanceUserArn: user('bob'),
        EndpointId: ofBob,
        Type: 'GCM',
        ResourceArn: application,
        EndpointAttributes: { DeviceToken: 'phone' },
      },
      { AppInstanceUserArn: user('eve'), EndpointId: ofEve, Type: 'APNS', ResourceArn: application, EndpointAttributes },
    ],
  })
  const signature = createHmac('sha256', secret)
    .update(`${headers['x-carillon-timestamp'] as string}.${text}`)
    .digest('hex')
  expect(headers['x-carillon-signature']).toBe(`sha256=${signature}`)
})

test('devices that the webhook reports as dead become INACTIVE, and it can do so for no others', async () => {
  const hook = await webhook()
  const { register, openWith, push, stateOf, settled } = await pushWorld('sqlite', entry(hook.url, { content: 'id-only' }))
  const [dead, living, outsider] = [await register('bob', 'dead'), await register('bob', 'living'), await register('eve', 'outsider')]
  hook.answer = () => ({ status: 200, body: JSON.stringify({ InvalidEndpointIds: [dead, outsider, 7, null] }) })
  await push(await openWith('bob'))
  await settled()
  expect(await stateOf('bob', dead)).toEqual({ Status: 'INACTIVE', StatusReason: 'INVALID_DEVICE_TOKEN' })
  for (const [user, id] of [
    ['bob', living],
    ['eve', outsider],
  ] as const)
    expect(await stateOf(user, id)).toEqual({ Status: 'ACTIVE' })
  expect(hook.posted.map(({ text }) => text).join('')).not.toMatch(/Ann|Dinner/)
})

test('a webhook that does not accept a push gets it again, and what it refuses is stored for the operator', async () => {
  const hook = await webhook()
  const { register, openWith, push, settled, world } = await pushWorld('sqlite', entry(hook.url))
  await register('bob', 'phone')
  const channel = await openWith('bob')
  hook.answer = () => ({ status: hook.posted.length === 1 ? 503 : 200 })
  await push(channel)
  await settled()
  expect(hook.posted).toHaveLength(2)
  hook.answer = () => ({ status: 400 })
  await push(channel)
  await settled()
  expect(hook.posted).toHaveLength(3)
  const [kept] = await listDead(world)
  expect(kept).toMatchObject({
    lane: `push-webhook ${application}`,
    error: expect.stringContaining(`${hook.url} has answered 400`) as string,
  })
})

test('a push that has waited longer than it is of use is not sent', async () => {
  const hook = await webhook()
  hook.answer = () => ({ status: 503 })
  const { register, openWith, push, settled, world } = await pushWorld('sqlite', entry(hook.url))
  await register('bob', 'phone')
  const channel = await openWith('bob')
  await push(channel, {}, { ...note, Type: 'VOIP' })
  await push(channel, {}, { ...note, Title: 'later' })
  const refused = () => hook.posted.map(({ content }) => (content.Push as { Title: string }).Title)
  await until(() => new Set(refused()).size === 2)
  const { length } = hook.posted
  hook.answer = () => ({ status: 200 })
  world.advance(61_000)
  await settled()
  const taken = hook.posted.slice(length).map(({ content }) => content.Push)
  expect(taken).toEqual([expect.objectContaining({ Title: 'later' })])
})
