import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claiming } from '../support/claims.ts'
import { RawConnection, raw } from '../support/raw.ts'
import { call, signedHeaders, type Answered, type Draft } from '../support/signed.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let url: string
let app: string
let alice: string
let channel: string

beforeAll(async () => {
  world = await startWorld('sqlite')
  url = world.app.url
  const instance = await world.appInstance(['alice', 'bob'])
  app = instance.arn
  alice = instance.user('alice')
  channel = (await world.messaging.createChannel({ AppInstanceArn: app, Name: 'one', ChimeBearer: alice })).ChannelArn!
})

afterAll(async () => {
  await world.close()
})

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const mismatch =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'
const noBearer = 'An invalid app instance user ARN was supplied for the x-amz-chime-bearer HTTP header.'
const unknownToken = 'The security token included in the request is invalid.'
const unknownOperation = {
  status: 404,
  type: 'UnknownOperationException',
  Code: 'UnknownOperation',
  Message: 'The requested operation is not recognized by the service.',
}

const send = (draft: Draft, sent?: Partial<Draft>) => call(url, world.app.rootKey, draft, sent)
const escaped = encodeURIComponent
const asAlice = () => ({ 'x-amz-chime-bearer': alice })
const listing = (draft: Partial<Draft> = {}): Draft => ({
  path: '/channels',
  query: 'scope=app-instance-user-memberships',
  headers: asAlice(),
  ...draft,
})
const creating = (body: string | Uint8Array): Draft => ({ method: 'POST', path: '/channels', headers: asAlice(), body })
const creatingJson = (members: object) =>
  creating(JSON.stringify({ AppInstanceArn: app, Name: 'x', ClientRequestToken: 'token', ...members }))
const sending = (members: object): Draft => ({
  method: 'POST',
  path: `/channels/${escaped(channel)}/messages`,
  headers: asAlice(),
  body: JSON.stringify({ Content: 'x', Type: 'STANDARD', Persistence: 'PERSISTENT', ClientRequestToken: 'token', ...members }),
})

interface Wire {
  readonly status: number
  readonly headers: Headers
}

interface Shown {
  readonly status: number
  readonly type: string | null
  readonly Code: unknown
  readonly Message: unknown
  readonly Reason: unknown
}

/** An error, after a check of what every error has on the wire. */
function errorIn(answer: Wire, body: string): Shown {
  expectCommonHeaders(answer)
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
  const parsed: Record<string, unknown> = JSON.parse(body)
  expect(Object.keys(parsed).filter(name => !['Code', 'Message', 'Reason'].includes(name))).toEqual([])
  const { Code, Message, Reason } = parsed
  return { status: answer.status, type: answer.headers.get('x-amzn-errortype'), Code, Message, Reason }
}

function expectCommonHeaders({ headers }: Wire) {
  expect(headers.get('x-amzn-requestid')).toMatch(uuid)
  expect(headers.get('access-control-allow-origin')).toBe('*')
  expect(headers.get('access-control-expose-headers')).toBe(
    'x-amzn-requestid, x-amzn-errortype, x-amzn-errormessage, x-carillon-reason, date, retry-after',
  )
  expect(headers.get('cache-control')).toBe('no-store')
}

const errorOf = async (answer: Answered | Promise<Answered>) => {
  const { text, ...rest } = await answer
  return errorIn(rest, text)
}
const rawErrorOf = async (bytes: string | Uint8Array) => {
  const answer = await raw(url, bytes)
  return errorIn(answer, answer.body)
}
const badRequest = (message: string | RegExp, reason: unknown = expect.anything()) => ({
  status: 400,
  type: 'BadRequestException',
  Code: 'BadRequest',
  Message: typeof message === 'string' ? message : expect.stringMatching(message),
  Reason: reason,
})
const forbidden = (type: string, Code: string, Message: string, reason: RegExp) => ({
  status: 403,
  type,
  Code,
  Message,
  Reason: expect.stringMatching(reason),
})
const invalidSignature = (reason: RegExp, message = mismatch) => forbidden('InvalidSignatureException', 'InvalidSignature', message, reason)

const chunk = (part: Buffer) => Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')])

/** A signed request as bytes, for what fetch refuses to send. */
async function bytesOf(draft: Draft, { version = '1.1', more = '' } = {}): Promise<string> {
  const headers = await signedHeaders(url, world.app.rootKey, draft)
  const { method = 'GET', path, query, body } = draft
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = body === undefined ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`
  return `${method} ${path}${query ? `?${query}` : ''} HTTP/${version}\r\n${lines.join('')}${more}${length}\r\n${String(body ?? '')}`
}

describe('successful calls', () => {
  test('an answer may be read by browsers, is JSON, and has a request id', async () => {
    const answer = await send(listing())
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(answer.headers.get('x-amzn-errortype')).toBeNull()
    expect(Number.isNaN(Date.parse(answer.headers.get('date') ?? ''))).toBe(false)
    expectCommonHeaders(answer)
  })

  test('a timestamp is a JSON number of seconds with milliseconds', async () => {
    const { status, text } = await send({ path: `/channels/${escaped(channel)}`, headers: asAlice() })
    expect(status).toBe(200)
    const [, seconds] = /"CreatedTimestamp":([^,}]+)/.exec(text) ?? []
    expect(seconds).toMatch(/^\d{10}(?:\.\d{1,3})?$/)
    expect(Math.abs(Number(seconds) * 1000 - Date.now())).toBeLessThan(60_000)
  })

  test('a 204 has no body', async () => {
    const { ChannelArn } = await world.messaging.createChannel({ AppInstanceArn: app, Name: 'gone', ChimeBearer: alice })
    const connection = await RawConnection.open(url)
    connection.send(await bytesOf({ method: 'DELETE', path: `/channels/${escaped(ChannelArn!)}`, headers: asAlice() }))
    const answer = await connection.answer()
    expect([answer.status, answer.headers.get('content-length'), answer.headers.get('transfer-encoding')]).toEqual([204, null, null])
    expectCommonHeaders(answer)
    connection.send(await bytesOf(listing()))
    expect((await connection.answer()).status).toBe(200)
    connection.end()
  })

  test.each([undefined, 'application/json', 'application/x-amz-json-1.1', 'text/plain', 'nonsense'])(
    'a body is read as JSON whatever the content type says: %s',
    async type => {
      const body = JSON.stringify({ Name: 'typed', Metadata: '' })
      const path = `/app-instance-users/${escaped(alice)}`
      const bytes = await bytesOf({ method: 'PUT', path, body, headers: type ? { 'content-type': type } : {} })
      const answer = await raw(url, bytes)
      expect([answer.status, answer.body]).toEqual([200, JSON.stringify({ AppInstanceUserArn: alice })])
    },
  )

  test('a chunked body is read whole and signed as a whole', async () => {
    const body = JSON.stringify({ Name: 'chünked', Metadata: '' })
    const headers = await signedHeaders(url, world.app.rootKey, { method: 'PUT', path: `/app-instance-users/${escaped(alice)}`, body })
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const bytes = Buffer.from(body)
    const [first, second] = [bytes.subarray(0, 12), bytes.subarray(12)]
    const head = `PUT /app-instance-users/${escaped(alice)} HTTP/1.1\r\n${lines.join('')}transfer-encoding: chunked\r\n\r\n`
    const answer = await raw(url, Buffer.concat([Buffer.from(head), chunk(first), chunk(second), Buffer.from('0\r\n\r\n')]))
    expect(answer.status).toBe(200)
    const { AppInstanceUser } = await world.identity.describeAppInstanceUser({ AppInstanceUserArn: alice })
    expect(AppInstanceUser?.Name).toBe('chünked')
  })

  test.each(['scope=app-instance-user-memberships&max-results=1', 'max-results=1&scope=app-instance-user-memberships'])(
    'a selector counts anywhere in the query: %s',
    async query => {
      const answer = await send(listing({ query }))
      expect([answer.status, Object.keys(answer.json())]).toEqual([200, ['ChannelMemberships']])
    },
  )

  test('pipelined requests are answered in their order', async () => {
    const connection = await RawConnection.open(url)
    const parts = [
      await bytesOf(listing()),
      'GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n',
      await bytesOf(listing({ query: 'scope=app-instance-user-moderated-channels' })),
    ]
    connection.send(parts.join(''))
    const answers = [await connection.answer(), await connection.answer(), await connection.answer()]
    connection.end()
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 200])
    expect(new Set(answers.map(({ headers }) => headers.get('x-amzn-requestid'))).size).toBe(3)
  })

  test('HTTP/1.0 is answered and the connection closed', async () => {
    const connection = await RawConnection.open(url)
    connection.send(await bytesOf(listing(), { version: '1.0' }))
    expect((await connection.answer()).status).toBe(200)
    await connection.closed()
  })

  test('a client that asks for a 100 Continue gets it before its answer', async () => {
    const connection = await RawConnection.open(url)
    connection.send(await bytesOf(listing(), { more: 'expect: 100-continue\r\n' }))
    expect((await connection.answer()).status).toBe(100)
    expect((await connection.answer()).status).toBe(200)
    connection.end()
  })
})

describe('CORS', () => {
  test.each(['/channels', '/channels?scope=app-instance-user-memberships', '/nowhere/at/all', '/channels/%ZZ', '/'])(
    'a preflight of %s is answered without a signature',
    async path => {
      const answer = await raw(
        url,
        `OPTIONS ${path} HTTP/1.1\r\nhost: x\r\norigin: https://app.example\r\naccess-control-request-method: GET\r\naccess-control-request-headers: authorization,x-amz-chime-bearer\r\n\r\n`,
      )
      expect([answer.status, answer.body]).toEqual([204, ''])
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(answer.headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, DELETE, OPTIONS')
      expect(answer.headers.get('access-control-max-age')).toBe('86400')
      expect(answer.headers.get('x-amzn-requestid')).toMatch(uuid)
      const allowed = answer.headers.get('access-control-allow-headers')?.split(', ')
      for (const name of [
        'authorization',
        'content-type',
        'x-amz-chime-bearer',
        'x-amz-content-sha256',
        'x-amz-date',
        'x-amz-security-token',
        'x-amz-user-agent',
        'amz-sdk-invocation-id',
        'amz-sdk-request',
        'x-amz-target',
      ]) {
        expect(allowed).toContain(name)
      }
    },
  )
})

describe('routes', () => {
  test.each([
    ['GET', '/', ''],
    ['GET', '/nowhere', ''],
    ['GET', '//channels', ''],
    ['PATCH', '/channels', ''],
    ['DELETE', '/channels', ''],
    ['TRACE', '/channels', ''],
    ['PROPFIND', '/channels', ''],
    ['GET', '/channels', 'scope=nonsense'],
    ['GET', '/channels', 'scope='],
    ['GET', '/channels', 'operation=search'],
    ['POST', '/channels', 'operation=nonsense'],
    ['POST', '/channels', 'operation=search&operation=search'],
    ['GET', '/channels', 'scope=app-instance-user-memberships&scope=app-instance-user-moderated-channels'],
    ['GET', '/channels', 'scope=app-instance-user-moderated-channels&scope=app-instance-user-memberships'],
    ['POST', '/tags', ''],
    ['POST', '/channels/a%2Fb', ''],
    ['GET', '/channels/a/memberships/b/c/d', ''],
  ])('%s %s with the query "%s" is an unknown operation', async (method, path, query) => {
    const shown = await rawErrorOf(`${method} ${path}${query && '?'}${query} HTTP/1.1\r\nhost: x\r\n\r\n`)
    expect(shown).toEqual({ ...unknownOperation, Reason: expect.stringContaining(`${method} ${path}`) })
  })

  test('HEAD is an unknown operation, and its answer has no body', async () => {
    const connection = await RawConnection.open(url)
    connection.send(`HEAD /channels HTTP/1.1\r\nhost: x\r\n\r\n`)
    const answer = await connection.answer({ toHead: true })
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([404, 'UnknownOperationException'])
    connection.send(await bytesOf(listing()))
    expect((await connection.answer()).status).toBe(200)
    connection.end()
  })
})

describe('signatures', () => {
  test('a request without a signature is refused as one without a token', async () => {
    expect(await rawErrorOf('GET /channels HTTP/1.1\r\nhost: x\r\n\r\n')).toEqual(
      forbidden(
        'MissingAuthenticationTokenException',
        'MissingAuthenticationToken',
        'Missing Authentication Token',
        /no Authorization header/,
      ),
    )
  })

  test.each([
    '',
    'Bearer abc',
    'AWS4-HMAC-SHA256',
    'AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host',
    'AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=zz',
  ])('an Authorization header that cannot be parsed is an incomplete signature: %s', async authorization => {
    expect(await rawErrorOf(`GET /channels HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n`)).toMatchObject({
      status: 400,
      type: 'IncompleteSignatureException',
      Code: 'IncompleteSignature',
      Reason: expect.stringContaining('Authorization'),
    })
  })

  test('an unknown access key is refused as an unknown client', async () => {
    const key = { ...world.app.rootKey, accessKeyId: 'AKIANOBODYNOBODYNOBO' }
    expect(await errorOf(send(listing({ key })))).toEqual(
      forbidden('UnrecognizedClientException', 'UnrecognizedClient', unknownToken, /no such access key/),
    )
  })

  test('a wrong secret is refused as an invalid signature', async () => {
    const key = { ...world.app.rootKey, secretAccessKey: 'wrong' }
    expect(await errorOf(send(listing({ key })))).toEqual(invalidSignature(/secret/i))
  })

  test.each([
    ['earlier', -16 * 60_000, /^Signature expired: /],
    ['later', 16 * 60_000, /^Signature not yet current: /],
    ['earlier', -400 * 86_400_000, /^Signature expired: /],
  ])('a date that is %s by %i ms is refused with the difference of the clocks', async (direction, milliseconds, message) => {
    const shown = await errorOf(send(listing({ date: new Date(Date.now() + milliseconds) })))
    expect(shown).toEqual({
      ...invalidSignature(new RegExp(`^Clock off by \\d+ s: .* ${direction} than`)),
      Message: expect.stringMatching(message),
    })
    const seconds = Number(/off by (\d+) s/.exec(String(shown.Reason))?.[1])
    expect(Math.abs(seconds - Math.abs(milliseconds) / 1000)).toBeLessThan(5)
  })

  test('a body that was changed after signing is refused', async () => {
    const draft = creatingJson({ Name: 'signed' })
    const changed = await errorOf(send(draft, { body: String(draft.body).replace('signed', 'forged') }))
    expect(changed).toEqual(invalidSignature(/the body was changed after signing/))
  })

  test('a bearer, a query or a path that was changed after signing is refused', async () => {
    expect(await errorOf(send(listing(), { headers: { 'x-amz-chime-bearer': `${app}/user/bob` } }))).toEqual(invalidSignature(/./))
    expect(await errorOf(send(listing(), { query: `${listing().query}&max-results=1` }))).toEqual(invalidSignature(/./))
    const describing = { path: `/channels/${escaped(channel)}`, headers: asAlice() }
    expect(await errorOf(send(describing, { path: `/channels/${escaped(`${app}/channel/other`)}` }))).toEqual(invalidSignature(/./))
  })

  test('a bearer that was not signed is refused', async () => {
    expect(await errorOf(send(listing({ headers: {} }), { headers: asAlice() }))).toEqual(
      invalidSignature(/x-amz-chime-bearer is not signed/),
    )
  })

  test('a header that must be unique and occurs twice is refused', async () => {
    const bytes = await bytesOf(listing(), { more: `x-amz-chime-bearer: ${app}/user/bob\r\n` })
    expect(await rawErrorOf(bytes)).toEqual(invalidSignature(/x-amz-chime-bearer occurs more than once/))
  })

  test('a request without a Host header is refused', async () => {
    const bytes = (await bytesOf(listing())).replace(/host: [^\r]*\r\n/, '')
    expect(await rawErrorOf(bytes)).toMatchObject({
      status: 403,
      type: 'InvalidSignatureException',
      Reason: expect.stringContaining('host'),
    })
  })
})

describe('bearers', () => {
  test.each([
    ['missing', undefined],
    ['empty', ''],
    ['no ARN', 'alice'],
    ['an ARN of another service', 'arn:aws:iam::123456789012:user/alice'],
    ['an app instance', () => app],
    ['a channel', () => channel],
    ['a user of an app instance that does not exist', 'arn:aws:chime:us-east-1:000000000000:app-instance/nobody/user/alice'],
    ['a user that does not exist', () => `${app}/user/nobody`],
    ['very long', `arn:aws:chime:us-east-1:000000000000:app-instance/x/user/${'a'.repeat(4000)}`],
  ])('a bearer that is %s is unauthorized, with the sentence of Amazon', async (_, bearer) => {
    const text = typeof bearer === 'function' ? bearer() : bearer
    const headers: Record<string, string> = text === undefined ? {} : { 'x-amz-chime-bearer': text }
    expect(await errorOf(send(listing({ headers })))).toEqual({
      status: 401,
      type: 'UnauthorizedClientException',
      Code: 'Unauthorized',
      Message: noBearer,
      Reason: expect.stringMatching(/./),
    })
  })

  test('the user of a foreign app instance may not act in this one', async () => {
    const { user } = await world.appInstance(['mallory'])
    const answer = send({ path: `/channels/${escaped(channel)}`, headers: { 'x-amz-chime-bearer': user('mallory') } })
    expect(await errorOf(answer)).toEqual(
      forbidden('ForbiddenException', 'Forbidden', 'You do not have sufficient access to perform this action', /./),
    )
  })
})

describe('bodies', () => {
  test.each<[string, string | RegExp]>([
    ['{', /^The body of the request is not valid JSON: /],
    ['{"Name":}', /^The body of the request is not valid JSON: /],
    ["{'Name':'x'}", /^The body of the request is not valid JSON: /],
    ['{"Name":"x"}x', /^The body of the request is not valid JSON: /],
    ['nonsense', /^The body of the request is not valid JSON: /],
    ['null', 'The body of the request must be a JSON object, not null.'],
    ['[]', 'The body of the request must be a JSON object, not a list.'],
    ['"x"', 'The body of the request must be a JSON object, not a string.'],
    ['1', 'The body of the request must be a JSON object, not a number.'],
    ['['.repeat(100_000), 'The body of the request is nested more than 32 levels deep.'],
    ['{"a":'.repeat(100_000), 'The body of the request is nested more than 32 levels deep.'],
  ])('the body %s is a bad request', async (body, message) => {
    const shown = await errorOf(send(creating(body)))
    expect(shown).toEqual({ ...badRequest(message), Reason: shown.Reason })
  })

  test.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['a sequence cut short', [0x22, 0xc3, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ])('invalid UTF-8 is a bad request that says where: %s', async (_, bytes) => {
    const body = Buffer.concat([Buffer.from('{"Name":'), Buffer.from(bytes), Buffer.from('}')])
    expect(await errorOf(send(creating(body)))).toEqual(badRequest(/^The body of the request is not valid UTF-8 at byte \d+\.$/))
  })

  test.each([
    ['an empty body', ''],
    ['an empty object', '{}'],
    ['nulls', '{"AppInstanceArn":null,"Name":null,"ClientRequestToken":null}'],
  ])('%s misses required members, which the message names', async (_, body) => {
    expect(await errorOf(send(creating(body)))).toEqual(badRequest(/'appInstanceArn'/))
  })

  test.each([
    ['name', { Name: 1 }],
    ['name', { Name: ['x'] }],
    ['name', { Name: {} }],
    ['name', { Name: '' }],
    ['name', { Name: 'x'.repeat(257) }],
    ['name', { Name: 'x'.repeat(900_000) }],
    ['mode', { Mode: 'unrestricted' }],
    ['privacy', { Privacy: 'SECRET' }],
    ['metadata', { Metadata: 'x'.repeat(1025) }],
    ['channelId', { ChannelId: 'a/b' }],
    ['channelId', { ChannelId: 'x'.repeat(65) }],
    ['clientRequestToken', { ClientRequestToken: 'x'.repeat(65) }],
    ['memberArns', { MemberArns: 'x' }],
    [
      'memberArns',
      { MemberArns: Array.from({ length: 11 }, (_, index) => `arn:aws:chime:us-east-1:000000000000:app-instance/x/user/${index}`) },
    ],
    ['tags', { Tags: Array.from({ length: 51 }, (_, index) => ({ Key: `${index}`, Value: 'x' })) }],
    ['tags', { Tags: [{ Key: 'x'.repeat(129), Value: 'x' }] }],
    ['appInstanceArn', { AppInstanceArn: 'x'.repeat(1601) }],
    ['appInstanceArn', { AppInstanceArn: 'nonsense' }],
  ])('a wrong %s in %.80j is a bad request that names it', async (member, members) => {
    const shown = await errorOf(send(creatingJson(members)))
    expect(shown).toEqual({ ...badRequest(new RegExp(`at '${member}`)), Reason: shown.Reason })
    expect(String(shown.Message)).toMatch(/failed to satisfy constraint/)
    expect(String(shown.Message).length).toBeLessThan(4000)
  })

  test("content that is too long is refused with Amazon's sentence", async () => {
    expect(await errorOf(send(sending({ Content: 'ü'.repeat(2049) })))).toMatchObject({
      status: 400,
      type: 'BadRequestException',
      Code: 'BadRequest',
    })
  })

  test('a body of 10 MB is refused with 413, with a length or in chunks, and the connection ends', async () => {
    const tooLarge = {
      status: 413,
      type: 'RequestEntityTooLargeException',
      Code: 'RequestEntityTooLarge',
      Message: 'The request body is too large',
      Reason: 'At most 1048576 bytes are allowed.',
    }
    expect(await rawErrorOf(`POST /channels HTTP/1.1\r\nhost: x\r\ncontent-length: 10485760\r\n\r\n${'x'.repeat(70_000)}`)).toEqual(
      tooLarge,
    )
    const part = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const connection = await RawConnection.open(url)
    connection.send(
      `POST /channels HTTP/1.1\r\nhost: x\r\n${claiming(world.app.rootKey.accessKeyId)}transfer-encoding: chunked\r\n\r\n${part.repeat(160)}0\r\n\r\n`,
    )
    const answer = await connection.answer()
    expect(errorIn(answer, answer.body)).toEqual(tooLarge)
    connection.end()
  })

  test('a body on a GET is covered by the signature and otherwise ignored', async () => {
    expect((await raw(url, await bytesOf(listing({ body: '{"AppInstanceUserArn":"nonsense"}' })))).status).toBe(200)
    const bytes = await bytesOf(listing(), { more: 'content-length: 2\r\n' })
    expect(await rawErrorOf(`${bytes}{}`)).toEqual(invalidSignature(/body/))
  })
})

describe('paths and queries', () => {
  test.each(['/channels/%', '/channels/%Z1', '/channels/%C3', '/channels/%ff/memberships'])(
    'the bad escape in %s is a bad request',
    async path => {
      expect(await rawErrorOf(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)).toEqual(
        badRequest('The request URI is malformed', 'A percent-escape in the path is not valid UTF-8.'),
      )
    },
  )

  test.each(['next-token=%', 'max-results=%ZZ', 'next-token=%C3'])(
    'the bad escape in ?%s cannot be signed, and is refused',
    async query => {
      const bytes = await bytesOf(listing({ query: `scope=app-instance-user-memberships&${query}` }))
      expect(await rawErrorOf(bytes)).toEqual(invalidSignature(/query/))
    },
  )

  test.each(['0', '51', '-1', '1.5', 'ten', '1e1', '99999999999999999999', ''])(
    'max-results=%s is a bad request that names it',
    async value => {
      const query = `scope=app-instance-user-memberships&max-results=${value}`
      const shown = await errorOf(send(listing({ query })))
      expect(shown).toEqual({ ...badRequest(/at 'maxResults'/), Reason: shown.Reason })
    },
  )

  test('a parameter that occurs twice is a bad request', async () => {
    const query = 'scope=app-instance-user-memberships&max-results=1&max-results=2'
    expect(await errorOf(send(listing({ query })))).toEqual(badRequest('The query parameter max-results is given more than once.'))
  })

  test.each([
    ['channel', () => `/channels/${escaped(alice)}`, /a channel$/],
    ['channel', () => `/channels/${escaped(app)}`, /a channel$/],
    ['channel', () => `/channels/${escaped(`${app}/channel-flow/x`)}`, /a channel$/],
    ['member', () => `/channels/${escaped(channel)}/memberships/${escaped(channel)}`, /a user or a bot$/],
    ['app instance', () => `/app-instances/${escaped(channel)}`, /an app instance$/],
    ['user', () => `/app-instance-users/${escaped(channel)}`, /a user$/],
    ['bot', () => `/app-instance-bots/${escaped(alice)}`, /a bot$/],
  ])('an ARN of the wrong kind where a %s belongs is a bad request that says what belongs there', async (_, path, kinds) => {
    expect(await errorOf(send({ path: path(), headers: asAlice() }))).toEqual(
      badRequest(kinds, expect.stringContaining('must look like arn:aws:chime:')),
    )
  })

  test('an ARN of the wrong kind in a query or in a body is a bad request too', async () => {
    const query = `scope=app-instance-user-memberships&app-instance-user-arn=${escaped(channel)}`
    expect(await errorOf(send(listing({ query })))).toEqual(badRequest(/at 'appInstanceUserArn'.*a user or a bot$/))
    expect(await errorOf(send(creatingJson({ AppInstanceArn: channel })))).toEqual(badRequest(/at 'appInstanceArn'.*an app instance$/))
  })
})

describe('HTTP itself', () => {
  const large = {
    status: 431,
    type: 'RequestHeaderFieldsTooLargeException',
    Code: 'RequestHeaderFieldsTooLarge',
    Message: 'The request line and headers are too large',
    Reason: 'At most 16384 bytes are allowed.',
  }

  test('a huge header, many headers and a huge request line are refused with 431', async () => {
    expect(await rawErrorOf(`GET /channels HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(20_000)}\r\n\r\n`)).toEqual(large)
    const many = Array.from({ length: 3000 }, (_, index) => `x-${index}: x\r\n`).join('')
    expect(await rawErrorOf(`GET /channels HTTP/1.1\r\nhost: x\r\n${many}\r\n`)).toEqual(large)
    expect(await rawErrorOf(`GET /channels/${'x'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`)).toEqual(large)
  })

  test.each([
    'nonsense\r\n\r\n',
    'GET\r\n\r\n',
    'GET /channels HTTP/9.9\r\n\r\n',
    'BREW /channels HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET /channels HTTP/1.1\r\nhost: x\r\nbad header: x\r\n\r\n',
    'GET /channels HTTP/1.1\r\nhost: x\r\nx: \u0000\r\n\r\n',
    'POST /channels HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
    'POST /channels HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}',
    'POST /channels HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}',
    'POST /channels HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  ])('malformed HTTP is answered as a bad request and the connection closed: %j', async bytes => {
    const connection = await RawConnection.open(url)
    connection.send(Buffer.from(bytes, 'latin1'))
    const answer = await connection.answer()
    expect(errorIn(answer, answer.body)).toEqual(badRequest(/^The request is (?:not well-formed HTTP|malformed)$/))
    await connection.closed()
  })

  test.each([
    'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET http://elsewhere/channels HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET /channels HTTP/1.1\r\nhost: x\r\nexpect: nonsense\r\n\r\n',
  ])('an unusual request gets an answer with a request id: %j', async bytes => {
    const answer = await raw(url, bytes)
    expect(answer.headers.get('x-amzn-requestid')).toMatch(uuid)
    expect(answer.status).toBeLessThan(500)
  })

  test('incomplete requests whose senders vanish leave nothing behind', async () => {
    const whole = await bytesOf(creatingJson({ Name: 'half' }))
    const pieces = [1, 20, whole.indexOf('\r\n\r\n') + 2, whole.indexOf('\r\n\r\n') + 4, whole.length - 1]
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const connection = await RawConnection.open(url)
        connection.send(whole.slice(0, pieces[index % pieces.length]))
        connection.vanish()
        await connection.closed()
      }),
    )
    const { Channels } = await world.messaging.listChannels({ AppInstanceArn: app, ChimeBearer: alice })
    expect(Channels?.map(({ Name }) => Name)).not.toContain('half')
  })

  test('a client that ends its side of the connection after a request is answered, and closed then', async () => {
    const connections = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const connection = await RawConnection.open(url)
        const body = JSON.stringify({ Name: 'last', ClientRequestToken: `last-${index}` })
        connection.send(await bytesOf(index % 2 === 0 ? listing() : { method: 'POST', path: '/app-instances', body }))
        connection.endSending()
        return connection
      }),
    )
    const answers = await Promise.all(connections.map(async connection => connection.answer()))
    expect(answers.map(({ status }) => status)).toEqual(answers.map((_, index) => (index % 2 === 0 ? 200 : 201)))
    await Promise.all(connections.map(async connection => connection.closed()))
  })

  test('a sender that vanishes before its answer does not affect the server', async () => {
    const whole = await bytesOf(listing())
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const connection = await RawConnection.open(url)
        connection.send(whole)
        connection.vanish()
        await connection.closed()
      }),
    )
    expect((await send(listing())).status).toBe(200)
  })
})

test('after all of this the server still works', async () => {
  const health = await fetch(`${url}/health`)
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }])
  const { ChannelMemberships } = await world.messaging.listChannelMembershipsForAppInstanceUser({ ChimeBearer: alice })
  expect(ChannelMemberships?.map(({ ChannelSummary }) => ChannelSummary?.Name)).toEqual(['one'])
})
