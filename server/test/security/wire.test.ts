import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { operations } from '../../src/contract/index.ts'
import { clientsWith, keyRing } from '../support/keys.ts'
import { RawConnection, raw } from '../support/raw.ts'
import { call, signedHeaders, type Draft } from '../support/signed.ts'
import { Listening, presignedUrl } from '../support/sockets.ts'
import { refusal, startWorld, type World } from '../support/world.ts'
import { cpuTime } from '../support/cpu-time.ts'

const ring = keyRing()
let world: World
let url: string
let app: string
let alice: string
let bob: string
let channel: string

beforeAll(async () => {
  world = await startWorld('sqlite', {}, { keys: ring.find })
  url = world.app.url
  const instance = await world.appInstance(['alice', 'bob'])
  app = instance.arn
  alice = instance.user('alice')
  bob = instance.user('bob')
  channel = (await world.messaging.createChannel({ AppInstanceArn: app, Name: 'one', Privacy: 'PRIVATE', ChimeBearer: alice })).ChannelArn!
})

afterAll(async () => {
  await world.close()
})

const listing = (): Draft => ({
  path: '/channels',
  query: 'scope=app-instance-user-memberships',
  headers: { 'x-amz-chime-bearer': alice },
})

/** A signed request, line by line, without the last empty line. */
async function linesOf(draft: Draft): Promise<string[]> {
  const headers = await signedHeaders(url, world.app.rootKey, draft)
  const { method = 'GET', path, query, body } = draft
  return [
    `${method} ${path}${query ? `?${query}` : ''} HTTP/1.1`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : [`content-length: ${Buffer.byteLength(body)}`]),
  ]
}

const bytesOf = (lines: readonly string[], body = '') => `${lines.join('\r\n')}\r\n\r\n${body}`

const typeOf = async (bytes: string) => {
  const { status, headers } = await raw(url, bytes)
  return `${status} ${headers.get('x-amzn-errortype')}`
}

test('the request that the attacks modify is valid', async () => {
  expect((await raw(url, bytesOf(await linesOf(listing())))).status).toBe(200)
})

const describing = (path: string): Draft => ({ path, headers: { 'x-amz-chime-bearer': alice } })
const escaped = encodeURIComponent

describe('headers', () => {
  test.each(['host', 'authorization', 'x-amz-date', 'x-amz-chime-bearer', 'x-amz-content-sha256', 'x-amz-security-token'])(
    '%s twice is refused, first or last, the same or another',
    async name => {
      const lines = await linesOf({ ...listing(), headers: { ...listing().headers, 'x-amz-security-token': '' } })
      const own = lines.find(line => line.startsWith(`${name}:`)) ?? `${name}: x`
      for (const another of [own, `${name}: ${bob}`, `${name.toUpperCase()}: ${bob}`]) {
        for (const changed of [
          [lines[0]!, another, ...lines.slice(1)],
          [...lines, another],
        ]) {
          expect(await typeOf(bytesOf(changed))).toMatch(
            /^4\d\d (?:InvalidSignature|IncompleteSignature|BadRequest|MissingAuthentication|UnrecognizedClient)/,
          )
        }
      }
    },
  )

  test.each([
    ['folded', () => [`x-amz-chime-bearer: ${alice}`, ` ${bob}`]],
    ['folded by a tab', () => [`x-amz-chime-bearer: ${alice}`, `\t${bob}`]],
    ['folded before its value', () => ['x-amz-chime-bearer:', ` ${bob}`]],
    ['with a space before its colon', () => [`x-amz-chime-bearer : ${bob}`]],
    ['behind a bare line feed', () => [`x-other: x\nx-amz-chime-bearer: ${bob}`]],
    ['behind a bare carriage return', () => [`x-other: x\rx-amz-chime-bearer: ${bob}`]],
    ['with an underscore beside the signed one', () => [`x-amz-chime-bearer: ${alice}`, `x_amz_chime_bearer: ${bob}`]],
  ])('a bearer %s never acts as another user', async (_, bearer) => {
    const lines = (await linesOf(listing())).filter(line => !line.startsWith('x-amz-chime-bearer'))
    const answer = await raw(url, bytesOf([...lines, ...bearer()]))
    // Alice's own list, where the added text has no effect; Bob's is empty.
    expect(answer.status === 200 ? answer.body.includes(channel) : [400, 401, 403].includes(answer.status)).toBe(true)
  })

  test.each(['x-amz-security-token: forged', 'x-amz-target: DeleteEverything', 'x-amz-other:', 'X-AMZ-Meta: x'])(
    'the unsigned header %s is refused',
    async line => {
      expect(await typeOf(bytesOf([...(await linesOf(listing())), line]))).toMatch(/^403 (?:InvalidSignature|UnrecognizedClient)Exception/)
    },
  )

  test('X-Forwarded-For, Forwarded and X-Forwarded-Proto do not change where a request comes from', async () => {
    const Condition = { IpAddress: { 'aws:SourceIp': '203.0.113.7' } }
    for (const [name, value] of [
      ['x-forwarded-for', '203.0.113.7'],
      ['forwarded', 'for=203.0.113.7;proto=https'],
      ['x-real-ip', '203.0.113.7'],
    ]) {
      const key = ring.keep({ groups: [[{ Action: '*', Resource: '*', Condition }]] })
      const answer = await call(url, key, { path: '/endpoints/messaging-session', headers: { [name!]: value! } })
      expect(answer.headers.get('x-amzn-errortype')).toBe('AccessDeniedException')
    }
    const key = ring.keep({ groups: [[{ Action: '*', Resource: '*', Condition: { Bool: { 'aws:SecureTransport': 'true' } } }]] })
    const answer = await call(url, key, { path: '/endpoints/messaging-session', headers: { 'x-forwarded-proto': 'https' } })
    expect(answer.headers.get('x-amzn-errortype')).toBe('AccessDeniedException')
  })
})

describe('request smuggling', () => {
  const smuggled = 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n'
  const post = 'POST /channels HTTP/1.1\r\nhost: x\r\n'

  test.each([
    ['a length and chunks', `${post}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['chunks and a length', `${post}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n${smuggled}`],
    ['two lengths', `${post}content-length: 0\r\ncontent-length: ${smuggled.length}\r\n\r\n${smuggled}`],
    ['two lengths in one', `${post}content-length: 0, 0\r\n\r\n${smuggled}`],
    ['a signed length', `${post}content-length: +0\r\n\r\n${smuggled}`],
    ['a hexadecimal length', `${post}content-length: 0x0\r\n\r\n${smuggled}`],
    ['a length with a space in it', `${post}content-length: 0 0\r\n\r\n${smuggled}`],
    ['an unknown encoding', `${post}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['chunked that is not last', `${post}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`],
    ['chunked twice, once misspelt', `${post}transfer-encoding: chunked\r\ntransfer-encoding: cow\r\n\r\n0\r\n\r\n${smuggled}`],
    ['a space before the colon', `${post}transfer-encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['a folded encoding', `${post}transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['an invalid chunk size', `${post}transfer-encoding: chunked\r\n\r\n0x0\r\n\r\n${smuggled}`],
    ['an enormous chunk size', `${post}transfer-encoding: chunked\r\n\r\nfffffffffffffffffff\r\n\r\n${smuggled}`],
    ['a chunk without its line end', `${post}transfer-encoding: chunked\r\n\r\n1\r\nxx0\r\n\r\n${smuggled}`],
    ['a header line that ends in a bare line feed', `POST /channels HTTP/1.1\nhost: x\ncontent-length: 0\n\n${smuggled}`],
    ['a NUL in a header', `${post}x: \0\r\ncontent-length: 0\r\n\r\n${smuggled}`],
  ])('%s: the connection ends with a refusal, and the smuggled request is never answered', async (_, bytes) => {
    const connection = await RawConnection.open(url)
    connection.send(Buffer.from(bytes, 'latin1'))
    const answer = await connection.answer()
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    await connection.closed()
    await expect(connection.answer()).rejects.toThrow(/was closed/)
  })
})

describe('paths', () => {
  test.each([
    ['dot segments', () => `/nowhere/../channels/${escaped(channel)}`],
    ['escaped dot segments', () => `/nowhere/%2e%2e/channels/${escaped(channel)}`],
    ['a doubled slash', () => `//channels/${escaped(channel)}`],
    ['a trailing slash', () => `/channels/${escaped(channel)}/`],
    ['another case', () => `/Channels/${escaped(channel)}`],
    ['an id escaped twice', () => `/channels/${escaped(escaped(channel))}`],
    ['an id that is not escaped', () => `/channels/${channel}`],
    ['a parameter', () => `/channels/${escaped(channel)};x`],
    ['an escaped NUL', () => `/channels/${escaped(channel)}%00`],
    ['an escaped line break', () => `/channels/${escaped(channel)}%0A`],
    ['dot segments in the id', () => `/channels/${escaped(`${app}/channel/x/../${channel.split('/').at(-1)}`)}`],
    ['an escaped fragment', () => `/channels/${escaped(channel)}%23x`],
    ['an escaped query', () => `/channels/${escaped(channel)}%3Fx`],
    ['backslashes', () => `/channels/${escaped(channel.replaceAll('/', '\\'))}`],
    ['full-width characters', () => `/channels/${escaped(channel.replace('channel/', 'channel／'))}`],
    ['an upper-case ARN', () => `/channels/${escaped(channel.replace('arn:aws', 'ARN:AWS'))}`],
    ['a space at the end', () => `/channels/${escaped(`${channel} `)}`],
  ])('%s: signed as it is, it leads nowhere', async (_, path) => {
    const { status } = await raw(url, bytesOf(await linesOf(describing(path()))))
    expect([400, 403, 404]).toContain(status)
  })

  test('another spelling of an id is the same id to its policy too', async () => {
    const id = channel.split('/').at(-1)!
    const spelt = `/channels/${escaped(`${app}/channel/`)}${[...Buffer.from(id)].map(byte => `%${byte.toString(16)}`).join('')}`
    const groups = [
      [
        { Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: '*', Resource: channel },
      ],
    ] as const
    const answer = await call(url, ring.keep({ groups }), describing(spelt))
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([403, 'AccessDeniedException'])
    expect((await call(url, world.app.rootKey, describing(spelt))).status).toBe(200)
  })
})

describe('signatures in the wrong place', () => {
  test.each([
    ['of another service', { service: 's3' }],
    ['of STS', { service: 'sts' }],
    ['of no service', { service: '' }],
    ['of another day', { day: '20200101' }],
    ['with another terminator', { terminator: 'aws4' }],
  ])(
    'a scope %s is refused',
    async (_, { service = 'chime', day, terminator = 'aws4_request' }: { service?: string; day?: string; terminator?: string }) => {
      const lines = await linesOf(listing())
      const changed = lines.map(line =>
        line.replace(/\/(\d{8})\/us-east-1\/chime\/aws4_request/, (_, today) => `/${day ?? today}/us-east-1/${service}/${terminator}`),
      )
      expect(await typeOf(bytesOf(changed))).toMatch(/^40[03] (?:InvalidSignature|IncompleteSignature)Exception/)
    },
  )

  test('a Date header does not make an old request valid', async () => {
    const lines = await linesOf({ ...listing(), date: new Date(Date.now() - 3_600_000) })
    expect(await typeOf(bytesOf([...lines, `date: ${new Date().toUTCString()}`]))).toBe('403 InvalidSignatureException')
  })

  test('a presigned URL opens a socket and nothing else, and a signed header opens no socket', async () => {
    const presigned = new URL(await presignedUrl(world.app, alice))
    const elsewhere = await fetch(`${url}/channels?scope=app-instance-user-memberships&${presigned.search.slice(1)}`, {
      headers: { 'x-amz-chime-bearer': alice },
    })
    expect([elsewhere.status, elsewhere.headers.get('x-amzn-errortype')]).toEqual([403, 'MissingAuthenticationTokenException'])
    const headers = await signedHeaders(url, world.app.rootKey, {
      path: '/connect',
      query: `userArn=${encodeURIComponent(alice)}&sessionId=1`,
    })
    const socket = new WebSocket(`${url.replace('http', 'ws')}/connect?userArn=${encodeURIComponent(alice)}&sessionId=1`, { headers })
    const code = await new Promise(resolve => socket.once('close', resolve))
    expect(code).toBe(4401)
  })
})

describe('WebSockets of other pages', () => {
  test.each(['https://evil.example', 'null', 'file://'])('the origin %s and its cookies open nothing without a signature', async origin => {
    const target = `${url.replace('http', 'ws')}/connect?userArn=${encodeURIComponent(alice)}&sessionId=1`
    const socket = new WebSocket(target, { origin, headers: { cookie: 'session=alice', authorization: 'Basic YWxpY2U6YWxpY2U=' } })
    const [code] = await new Promise<[number]>(resolve => socket.once('close', number => resolve([number])))
    expect(code).toBe(4401)
  })

  test('a presigned URL of one user does not open a socket of another', async () => {
    const changed = (await presignedUrl(world.app, alice)).replace(encodeURIComponent(alice), encodeURIComponent(bob))
    expect(await new Listening(changed).closed).toMatchObject({ code: 4401 })
  })
})

/** All patterns of the contract, with the longest text that each is matched against. */
function patternsOf(shape: unknown, found = new Map<string, number>()): Map<string, number> {
  if (typeof shape !== 'object' || shape === null) return found
  const { pattern, maxLength = 10_000 } = shape as { pattern?: unknown; maxLength?: number }
  if (typeof pattern === 'string') found.set(pattern, Math.max(maxLength, found.get(pattern) ?? 0))
  for (const part of Object.values(shape)) patternsOf(part, found)
  return found
}

describe('user content', () => {
  test('no pattern of the contract takes long, for any input', () => {
    const patterns = patternsOf(Object.values(operations).map(({ input }) => input))
    expect(patterns.size).toBeGreaterThan(5)
    const slow: string[] = []
    for (const [pattern, longest] of patterns) {
      const expression = new RegExp(pattern, 'u')
      for (const unit of ['a', 'A_', 'a-', ' ', '\n', ':', '/', 'arn:', '0', '.', '\u{1f600}', '\t\n', 'arn:aws:lex:us-east-1:']) {
        const text = `${unit.repeat(Math.ceil(longest / unit.length)).slice(0, longest - 1)}\u0000`
        const start = cpuTime()
        expression.test(text)
        if (cpuTime() - start > 200) slow.push(`${pattern} of ${JSON.stringify(unit)}`)
      }
    }
    expect(slow).toEqual([])
  })

  test('a denial names the resource on one line of JSON, whatever its name', async () => {
    const { messaging } = clientsWith(world, ring.keep({ groups: [[{ Action: 's3:*', Resource: '*' }]] }))
    const name = `${app}/user/a"}\u2028{"Code":"x`
    const answer = await refusal(messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: alice, AppInstanceUserArn: name }))
    expect(answer).toMatchObject({ name: expect.stringMatching(/^(?:AccessDenied|BadRequest)Exception$/) })
  })
})

test('after all of this the server still works', async () => {
  await setTimeout(10)
  expect((await fetch(`${url}/health`)).status).toBe(200)
  expect((await world.messaging.listChannelMemberships({ ChannelArn: channel, ChimeBearer: alice })).ChannelMemberships).toHaveLength(1)
})
