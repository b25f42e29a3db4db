import { spawnSync } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import {
  ChimeSDKMessagingClient,
  ListChannelMembershipsForAppInstanceUserCommand,
  SendChannelMessageCommand,
} from '@aws-sdk/client-chime-sdk-messaging'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import type { HttpRequest } from '@smithy/types'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalPath, canonicalQuery, escapedQuery } from '../../../src/auth/signature/canonical-request.ts'
import { createSign } from '../../../src/auth/signature/signing-key.ts'
import type { SigningSecret } from '../../../src/auth/signature/signing-key.ts'
import { createVerifier } from '../../../src/auth/signature/sigv4.ts'
import type { SignedRequest } from '../../../src/auth/signature/sigv4.ts'
import { ApiError } from '../../../src/errors.ts'

const key: SigningSecret = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const channelArn = 'arn:aws:chime:us-east-1:123456789012:app-instance/1f2e/channel/a:b@c.d_e-f'
const userArn = 'arn:aws:chime:us-east-1:123456789012:app-instance/1f2e/user/us-east-1:alice'
const noon = new Date('2026-03-04T12:00:00Z')

const findKey = (accessKeyId: string, token?: string) => (accessKeyId === key.accessKeyId && token === undefined ? key : undefined)
const verifierAt = (date: Date) => createVerifier({ findKey, now: () => date.getTime() })
const verify = verifierAt(noon)

interface Draft {
  method?: string
  path?: string
  query?: Record<string, string | string[]>
  headers?: Record<string, string>
  body?: Uint8Array
  region?: string
  service?: string
  date?: Date
  signedWith?: SigningSecret & { sessionToken?: string }
  /** Whether to state the hash of the body, as JS does and botocore does not. */
  statesHash?: boolean
  escape?: (text: string) => string
}

const strictly = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

/** Signs with Amazon's signer for JavaScript; returns the request as node gives it to the server. */
async function signed(draft: Draft = {}): Promise<SignedRequest> {
  const { method = 'GET', path = '/channels', query = {}, body = new Uint8Array(), date = noon, escape = strictly } = draft
  const headers = { host: 'localhost:8080', 'x-amz-chime-bearer': userArn, ...draft.headers }
  const signer = new SignatureV4({
    service: draft.service ?? 'chime',
    region: draft.region ?? 'us-east-1',
    credentials: draft.signedWith ?? key,
    sha256: Sha256,
    applyChecksum: draft.statesHash ?? true,
  })
  const request = await signer.sign({ method, protocol: 'http:', hostname: 'localhost', path, query, headers, body }, { signingDate: date })
  const pairs = Object.entries(query).flatMap(([name, values]) => [values].flat().map(value => `${escape(name)}=${escape(value)}`))
  return {
    method,
    url: pairs.length === 0 ? path : `${path}?${pairs.join('&')}`,
    rawHeaders: Object.entries(request.headers).flat(),
    body,
  }
}

function headerOf(request: SignedRequest, name: string): string {
  const index = request.rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name)
  return request.rawHeaders[index + 1] ?? ''
}

/** The request with one header changed, added or (undefined) removed. */
function withHeader(request: SignedRequest, name: string, value: string | undefined): SignedRequest {
  const rawHeaders: string[] = []
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    if (request.rawHeaders[index]!.toLowerCase() !== name) rawHeaders.push(...request.rawHeaders.slice(index, index + 2))
  }
  return { ...request, rawHeaders: value === undefined ? rawHeaders : [...rawHeaders, name, value] }
}

const withAuthorization = (request: SignedRequest, change: (header: string) => string) =>
  withHeader(request, 'authorization', change(headerOf(request, 'authorization')))

function refusal(request: SignedRequest, verifier = verify): ApiError {
  try {
    verifier(request)
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error('The request was accepted.')
}

const hmac = (secret: Uint8Array, text: string): Uint8Array => createHmac('sha256', secret).update(text).digest()

/** Signs the given canonical request by hand, for signers that do not exist as a library here. */
function signedByHand(
  request: Omit<SignedRequest, 'rawHeaders'>,
  canonicalRequest: string,
  headers: Record<string, string>,
): SignedRequest {
  const scope = '20260304/us-east-1/chime/aws4_request'
  const hashed = createHash('sha256').update(canonicalRequest).digest('hex')
  const signingKey = scope.split('/').reduce(hmac, Buffer.from(`AWS4${key.secretAccessKey}`))
  const signature = Buffer.from(hmac(signingKey, `AWS4-HMAC-SHA256\n20260304T120000Z\n${scope}\n${hashed}`)).toString('hex')
  const names = Object.keys(headers).join(';')
  const authorization = `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  return { ...request, rawHeaders: [...Object.entries(headers).flat(), 'Authorization', authorization] }
}

const minutesFromNoon = (minutes: number) => new Date(noon.getTime() + minutes * 60_000)

const authorizedBy = (change: (header: string) => string) => async () => withAuthorization(await signed(), change)
const replaced = (text: string | RegExp, replacement: string) => authorizedBy(header => header.replace(text, replacement))
const sent = (name: string, value: string | undefined) => async () => withHeader(await signed(), name, value)
const stated = (bodyHash: string) => signed({ headers: { 'x-amz-content-sha256': bodyHash } })
const signedForHost = async (host: string, sentHost: string) => withHeader(await signed({ headers: { host } }), 'host', sentHost)
const replacedByProxy = async () => withHeader(await signedForHost('localhost:8080', 'backend:3000'), 'x-forwarded-host', 'localhost:8080')

/** A request that is signed without one of its headers. */
async function unsigned(name: string, value: string): Promise<SignedRequest> {
  const signer = new SignatureV4({ service: 'chime', region: 'us-east-1', credentials: key, sha256: Sha256 })
  const headers = Object.fromEntries(
    Object.entries({ host: 'localhost', 'x-amz-chime-bearer': userArn }).filter(([other]) => other !== name),
  )
  const request = { method: 'GET', protocol: 'http:', hostname: 'localhost', path: '/channels', headers }
  const { headers: sent } = await signer.sign(request, { signingDate: noon })
  return { method: 'GET', url: '/channels', rawHeaders: [...Object.entries(sent).flat(), name, value], body: new Uint8Array() }
}

const hashOfNothing = createHash('sha256').digest('hex')

const characters = (text: string) => text.split('')
const segment = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).map(strictly),
  fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).map(encodeURIComponent),
  fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...characters("abz09-._~!$&'()*+,;=:@%")) }),
  fc.constantFrom(strictly(channelArn), strictly(userArn), channelArn.replaceAll('/', '%2F'), '%', '%zz', '%3a', 'readMarker'),
)
const path = fc
  .tuple(
    fc.array(
      segment.filter(text => text !== '.' && text !== '..'),
      { maxLength: 4 },
    ),
    fc.boolean(),
  )
  .map(([segments, slash]) => `/${segments.join('/')}${slash && segments.length > 0 ? '/' : ''}`)
const queryText = fc.oneof(
  fc.string({ maxLength: 12, unit: 'grapheme' }),
  fc.string({ maxLength: 4, unit: fc.constantFrom(...characters("ab-.=&+%!'()*~:/ ")) }),
  fc.constantFrom('', 'scope', 'app-instance-user-memberships', userArn),
)
const query = fc.dictionary(
  queryText.filter(name => name !== '__proto__'),
  fc.oneof(queryText, fc.array(queryText, { minLength: 1, maxLength: 3 })),
  { maxKeys: 5 },
)
const headerValue = fc.string({ maxLength: 30, unit: fc.constantFrom(...characters('aZ09-_.;:=,"/%~ \t')) })
const headers = fc.dictionary(
  fc.constantFrom('content-type', 'amz-sdk-request', 'X-Amz-User-Agent', 'x-amz-meta', 'accept', 'User-Agent', 'x-other', 'connection'),
  headerValue,
)
const draft: fc.Arbitrary<Draft> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  path,
  query,
  headers,
  body: fc.uint8Array({ maxLength: 200 }),
  region: fc.constantFrom('us-east-1', 'eu-central-1', 'us-gov-west-1', 'local'),
  date: fc.date({ min: new Date('2020-01-01T00:00:00Z'), max: new Date('2035-12-31T23:59:59Z'), noInvalidDate: true }),
  statesHash: fc.boolean(),
  escape: fc.constantFrom(strictly, encodeURIComponent),
})

describe('the verification of what real signers produce', () => {
  it('accepts whatever the signer of the SDK for JavaScript signs', async () => {
    await fc.assert(
      fc.asyncProperty(draft, async draft => {
        expect(verifierAt(draft.date!)(await signed(draft))).toBe(key)
      }),
      { numRuns: 300 },
    )
  })

  it('refuses a request that was changed in one place after signing', async () => {
    const changes: ((request: SignedRequest) => SignedRequest)[] = [
      request => ({ ...request, method: request.method === 'GET' ? 'DELETE' : 'GET' }),
      request => ({ ...request, url: request.url.replace('/', '/x') }),
      request => ({ ...request, url: `/%61${request.url}` }),
      request => ({ ...request, url: request.url.replace(/^[^?]*/, '$&%2F') }),
      request => ({ ...request, url: request.url.replace(/^[^?]*/, '$&/.') }),
      request => ({ ...request, url: request.url.replace(/^[^?]*/, '/x/..$&') }),
      request => ({ ...request, url: `/${request.url}` }),
      request => ({ ...request, url: `${request.url}${request.url.includes('?') ? '&' : '?'}scope=x` }),
      request => ({ ...request, url: request.url.includes('?') ? request.url.replace(/=?[^=]*$/, '=changed') : `${request.url}?x` }),
      request => ({ ...request, body: Buffer.concat([request.body, Buffer.of(0)]) }),
      request => ({ ...request, body: request.body.length > 0 ? request.body.with(0, request.body[0]! ^ 1) : Buffer.of(1) }),
      request => withHeader(request, 'x-amz-chime-bearer', userArn.replace('alice', 'mallory')),
      request => withHeader(request, 'x-amz-chime-bearer', undefined),
      request => withHeader(request, 'x-amz-added', 'x'),
      request => withHeader(request, 'host', 'localhost:8081'),
      request => withHeader(request, 'host', undefined),
      request => withAuthorization(request, header => header.replace('/chime/', '/sts/')),
      request => withAuthorization(request, header => header.replace('/chime/aws4_request', '-x/chime/aws4_request')),
      request => withAuthorization(request, header => header.replace('aws4_request', 'aws4')),
      request => withAuthorization(request, header => header.replace(/\/2\d{7}\//, '/19990101/')),
      request => withAuthorization(request, header => header.replace('AKIDEXAMPLE', 'AKIDOTHER')),
      request => withAuthorization(request, header => header.replace(';x-amz-date', '')),
      request =>
        withHeader(
          request,
          'x-amz-date',
          headerOf(request, 'x-amz-date').replace(/\dZ$/, digit => `${(Number(digit[0]) + 1) % 10}Z`),
        ),
    ]
    await fc.assert(
      fc.asyncProperty(draft, fc.nat({ max: 63 }), async (draft, digit) => {
        const verifier = verifierAt(draft.date!)
        const request = await signed(draft)
        for (const change of changes) refusal(change(request), verifier)
        for (const name of /SignedHeaders=([^,]*)/.exec(headerOf(request, 'authorization'))![1]!.split(';')) {
          refusal(withHeader(request, name, `${headerOf(request, name)}x`), verifier)
          refusal({ ...request, rawHeaders: [...request.rawHeaders, name, 'x'] }, verifier)
          refusal(withHeader(request, name, undefined), verifier)
        }
        const flipped = (signature: string) =>
          signature.slice(0, digit) + (signature[digit] === '0' ? '1' : '0') + signature.slice(digit + 1)
        refusal(
          withAuthorization(request, header => header.replace(/[0-9a-f]{64}$/, flipped)),
          verifier,
        )
        expect(verifier(request)).toBe(key)
      }),
      { numRuns: 100 },
    )
  })

  it('accepts what the official client for JavaScript sends', async () => {
    const sent: HttpRequest[] = []
    const client = new ChimeSDKMessagingClient({
      region: 'us-east-1',
      endpoint: 'http://localhost:8080',
      credentials: key,
      maxAttempts: 1,
      requestHandler: {
        handle: (request: HttpRequest) => {
          sent.push(request)
          return Promise.reject(new Error('sent'))
        },
      },
    })
    await expect(
      client.send(
        new SendChannelMessageCommand({
          ChannelArn: channelArn,
          Content: 'héllo 👋🏽',
          Type: 'STANDARD',
          Persistence: 'PERSISTENT',
          ChimeBearer: userArn,
          ClientRequestToken: 'token',
        }),
      ),
    ).rejects.toThrow('sent')
    await expect(
      client.send(
        new ListChannelMembershipsForAppInstanceUserCommand({
          AppInstanceUserArn: userArn,
          MaxResults: 5,
          NextToken: "a+b/c=!'()* é",
          ChimeBearer: userArn,
        }),
      ),
    ).rejects.toThrow('sent')
    expect(sent).toHaveLength(2)
    for (const { method, path, query = {}, headers, body } of sent) {
      const search = Object.entries(query).map(([name, value]) => `${strictly(name)}=${strictly(String(value))}`)
      const url = search.length === 0 ? path : `${path}?${search.join('&')}`
      const request = {
        method,
        url,
        rawHeaders: Object.entries(headers).flat(),
        body: body instanceof Uint8Array ? body : new Uint8Array(),
      }
      expect(createVerifier({ findKey })(request)).toBe(key)
    }
  })

  const hasBotocore = spawnSync('python3', ['-c', 'import botocore']).status === 0
  it.skipIf(!hasBotocore)('accepts what botocore signs', () => {
    const script = `
import json, base64, sys
import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.credentials import Credentials
from urllib.parse import urlsplit
channel, user = ${JSON.stringify(channelArn)}, ${JSON.stringify(userArn)}
key, secret = ${JSON.stringify(key.accessKeyId)}, ${JSON.stringify(key.secretAccessKey)}
out = []
def keep(method, url, headers, body):
    parts = urlsplit(url)
    headers = [(n, v.decode() if isinstance(v, bytes) else str(v)) for n, v in headers.items()]
    if not any(n.lower() == 'host' for n, v in headers): headers.append(('Host', parts.netloc))
    if isinstance(body, str): body = body.encode()
    out.append([method, parts.path + ('?' + parts.query if parts.query else ''), headers, base64.b64encode(body or b'').decode()])
def sign(method, url, data=None, params=None, headers={}, region='us-east-1'):
    request = AWSRequest(method=method, url=url, data=data, params=params, headers={'x-amz-chime-bearer': user, **headers})
    SigV4Auth(Credentials(key, secret), 'chime', region).add_auth(request)
    prepared = request.prepare()
    keep(prepared.method, prepared.url, prepared.headers, prepared.body)
sign('GET', 'http://localhost:8080/channels', params={'scope': 'app-instance-user-memberships', 'next-token': "a+b/c=!'()*\\u00e9\\U0001f44b", 'empty': ''})
sign('GET', "http://localhost:8080/channels?b=x!'()*&a-b=1&a=c+d&a=b&flag&empty=")
sign('POST', 'http://localhost:8080/channels/arn%3Aaws%3Achime%3Aus-east-1%3A1%3Aapp-instance%2Fx%2Fchannel%2Fy/messages', data='{"Content":"\\U0001f44b\\U0001f3fd"}'.encode(), headers={'Content-Type': 'application/json'})
sign('PUT', 'http://localhost/channels/x:y/readMarker', headers={'X-Amz-Meta': '  two   blanks\\tand a tab  '}, region='eu-central-1')
sign('DELETE', 'http://127.0.0.1:8080/channels/%F0%9F%91%8B', headers={'Date': 'any'})
session = botocore.session.get_session()
session.set_credentials(key, secret)
client = session.create_client('chime-sdk-messaging', region_name='us-east-1', endpoint_url='http://localhost:8080')
class Raw:
    def stream(self, *a, **k): yield b'{}'
def before_send(request, **kwargs):
    keep(request.method, request.url, request.headers, request.body)
    return AWSResponse(request.url, 200, {}, Raw())
client.meta.events.register('before-send', before_send)
client.send_channel_message(ChannelArn=channel, Content='h\\u00e9llo \\U0001f44b', Type='STANDARD', Persistence='PERSISTENT', ChimeBearer=user, ClientRequestToken='token')
client.list_channel_memberships_for_app_instance_user(AppInstanceUserArn=user, MaxResults=5, NextToken="a+b/c=!'()* \\u00e9", ChimeBearer=user)
client.update_channel_read_marker(ChannelArn=channel, ChimeBearer=user)
client.batch_create_channel_membership(ChannelArn=channel, MemberArns=[user], ChimeBearer=user)
client.get_messaging_session_endpoint()
print(json.dumps(out))
`
    const { stdout, stderr } = spawnSync('python3', ['-c', script], {
      encoding: 'utf8',
      env: { ...process.env, AWS_EC2_METADATA_DISABLED: 'true' },
    })
    expect(stderr).toBe('')
    const requests: [string, string, [string, string][], string][] = JSON.parse(stdout)
    expect(requests).toHaveLength(10)
    const verifier = createVerifier({ findKey })
    for (const [method, url, headers, body] of requests) {
      expect(verifier({ method, url, rawHeaders: headers.flat(), body: Buffer.from(body, 'base64') })).toBe(key)
    }
  })

  it("accepts a query with bare !'()*:/ as it was sent, and as signers that decode it first escape it", () => {
    const bare = "arn=arn:aws:chime/x!'()*&flag"
    const headers = { host: 'localhost', 'x-amz-date': '20260304T120000Z' }
    const lines = 'host:localhost\nx-amz-date:20260304T120000Z\n\nhost;x-amz-date'
    const request = { method: 'GET', url: `/channels?${bare}`, body: new Uint8Array() }
    for (const query of [`${bare}=`, 'arn=arn%3Aaws%3Achime%2Fx%21%27%28%29%2A&flag=']) {
      expect(verify(signedByHand(request, `GET\n/channels\n${query}\n${lines}\n${hashOfNothing}`, headers))).toBe(key)
    }
  })

  it('reads a bare + as a plus and never as a blank', () => {
    const headers = { host: 'localhost', 'x-amz-date': '20260304T120000Z' }
    const lines = 'host:localhost\nx-amz-date:20260304T120000Z\n\nhost;x-amz-date'
    const request = { method: 'GET', url: '/channels?next-token=a+b', body: new Uint8Array() }
    const withQuery = (query: string) => signedByHand(request, `GET\n/channels\n${query}\n${lines}\n${hashOfNothing}`, headers)
    expect(verify(withQuery('next-token=a+b'))).toBe(key)
    expect(verify(withQuery('next-token=a%2Bb'))).toBe(key)
    expect(refusal(withQuery('next-token=a%20b')).reason).toContain('send a space as %20')
  })

  it.each(['Wed, 04 Mar 2026 12:00:00 GMT', 'Wed, 04 Mar 2026 12:00:00 -0000', '20260304T120000Z'])(
    'takes the time from Date where X-Amz-Date is absent: %s',
    date => {
      const canonicalRequest = `GET\n/channels\n\ndate:${date}\nhost:localhost\n\ndate;host\n${hashOfNothing}`
      const request = { method: 'GET', url: '/channels', body: new Uint8Array() }
      expect(verify(signedByHand(request, canonicalRequest, { date, host: 'localhost' }))).toBe(key)
    },
  )

  it('joins repeated signed headers by a comma', () => {
    const canonicalRequest = `GET\n/channels\n\nhost:localhost\nx-amz-date:20260304T120000Z\nx-amz-meta:a,b c\n\nhost;x-amz-date;x-amz-meta\n${hashOfNothing}`
    const headers = { host: 'localhost', 'x-amz-date': '20260304T120000Z', 'x-amz-meta': 'a' }
    const request = signedByHand({ method: 'GET', url: '/channels', body: new Uint8Array() }, canonicalRequest, headers)
    expect(verify({ ...request, rawHeaders: [...request.rawHeaders, 'X-AMZ-Meta', ' b  c '] })).toBe(key)
  })

  it('accepts clocks that differ by 15 minutes, and not by a second more', async () => {
    const request = await signed()
    for (const sign of [-1, 1]) {
      expect(verifierAt(new Date(noon.getTime() + sign * 900_000))(request)).toBe(key)
      refusal(request, verifierAt(new Date(noon.getTime() + sign * 901_000)))
    }
  })

  it('accepts the new secret of a key at once, and the old one no longer', async () => {
    let current = key
    const verifier = createVerifier({ findKey: () => current, now: () => noon.getTime() })
    const withOldSecret = await signed()
    expect(verifier(withOldSecret)).toBe(key)
    current = { ...key, secretAccessKey: 'another' }
    refusal(withOldSecret, verifier)
    expect(verifier(await signed({ signedWith: current }))).toBe(current)
    current = key
    expect(verifier(withOldSecret)).toBe(key)
  })

  it('still succeeds when more regions are used than signing keys are cached', async () => {
    const requests = await Promise.all(Array.from({ length: 1100 }, (_, index) => signed({ region: `region-${index}`, headers: {} })))
    for (const request of [...requests, ...requests]) expect(verify(request)).toBe(key)
  })
})

describe('the verification of an invalid request', () => {
  type Case = [what: string, request: () => Promise<SignedRequest>, reason: RegExp]

  const incomplete: Case[] = [
    ['another scheme', authorizedBy(() => 'Bearer token'), /must read 'AWS4-HMAC-SHA256 Credential=/],
    ['a header without fields', authorizedBy(() => 'AWS4-HMAC-SHA256'), /must read/],
    ['an upper-case signature', replaced(/[0-9a-f]{64}$/, 'A'.repeat(64)), /64 lower-case/],
    ['a credential of four parts', replaced('/chime', ''), /ACCESS_KEY_ID\/YYYYMMDD/],
    ['no date', sent('x-amz-date', undefined), /neither X-Amz-Date nor Date/],
    ['an invalid date', sent('x-amz-date', '20260230T120000Z'), /X-Amz-Date is not a date/],
    ['a date of another form', sent('x-amz-date', '2026-03-04T12:00:00Z'), /YYYYMMDDTHHMMSSZ/],
  ]
  it.each(incomplete)('reports %s as an incomplete signature, with the reason', async (_, request, reason) => {
    const error = refusal(await request())
    expect(error).toMatchObject({ type: 'IncompleteSignatureException', code: 'IncompleteSignature', status: 400 })
    expect(error.reason).toMatch(reason)
  })

  const invalid: Case[] = [
    ['another algorithm', replaced('HMAC', 'ECDSA-P256'), /AWS4-ECDSA-P256-SHA256' is not supported/],
    ['another service', () => signed({ service: 's3' }), /service 's3'.*'chime'/],
    ['another terminator', replaced('aws4_request', 'aws5'), /'aws5'/],
    ['an odd region', replaced('us-east-1', '*'), /region/],
    ['a scope of another day', replaced('20260304', '20260303'), /scope is of 20260303, the request of 20260304/],
    ['a slow clock', () => signed({ date: minutesFromNoon(-20) }), /^Clock off by 1200 s: .*20260304T114000Z, earlier .* 20260304T120000Z/],
    ['a fast clock', () => signed({ date: minutesFromNoon(20) }), /^Clock off by 1200 s: .* later than the server's time/],
    ['an unsigned bearer', () => unsigned('x-amz-chime-bearer', userArn), /header x-amz-chime-bearer is not signed/],
    ['an unsigned host', () => unsigned('host', 'localhost'), /header host is not signed/],
    ['any other unsigned x-amz header', sent('x-amz-other', 'x'), /header x-amz-other is not signed/],
    ['a signed header that is absent', replaced('=host', '=accept;host'), /signed header 'accept' is not in the request/],
    ['upper-case names in SignedHeaders', replaced('=host', '=Host'), /Host; the names must be lower-case/],
    ['a duplicate name in SignedHeaders', replaced('=host', '=host;host'), /names host twice/],
    ['a body other than the one hashed', async () => ({ ...(await signed()), body: Buffer.of(1) }), /the body was changed after signing/],
    ['an unsigned body', () => stated('UNSIGNED-PAYLOAD'), /UNSIGNED-PAYLOAD: the body must be signed as a whole/],
    ['a streamed body', () => stated('STREAMING-AWS4-HMAC-SHA256-PAYLOAD'), /STREAMING-AWS4-HMAC-SHA256-PAYLOAD: the body/],
    [
      'a body where none was signed',
      async () => ({ ...(await signed({ statesHash: false })), body: Buffer.of(1) }),
      /hash of an empty body/,
    ],
    ['a host that a proxy replaced', replacedByProxy, /signed for 'localhost:8080', and its Host header is 'backend:3000'/],
    ['a host that lost its default port', () => signedForHost('example.org:443', 'example.org'), /signed for 'example.org:443'/],
    ['a host that has gained a port', () => signedForHost('example.org', 'Example.org:8443'), /signed for 'example.org'/],
    ['a path with dot segments', () => signed({ path: '/a/../channels' }), /signers normalize/],
    ['a path with doubled slashes', () => signed({ path: '//channels' }), /signers normalize/],
    ['a target outside ASCII', async () => ({ ...(await signed()), url: '/channels/é' }), /percent-escaped/],
    ['a wrong secret', () => signed({ signedWith: { ...key, secretAccessKey: 'wrong' } }), /secret access key is not the one/],
    ['a host that a proxy hides', sent('host', 'backend:3000'), /checked for the host 'backend:3000': if the client has called another/],
    [
      'a host beside the one that a trusted proxy reports',
      async () => ({ ...(await sent('host', 'backend:3000')()), forwardedHost: 'chat.example.com' }),
      /checked for the host 'backend:3000' and 'chat\.example\.com'/,
    ],
    [
      'a path whose escapes a proxy has changed',
      async () => ({
        ...(await signed({ path: `/channels/${strictly(channelArn)}` })),
        url: `/channels/${channelArn.replaceAll('/', '%2f')}`,
      }),
      /percent-escapes of the path differ/,
    ],
  ]
  it.each(invalid)('reports %s as an invalid signature, with the reason', async (_, request, reason) => {
    const error = refusal(await request())
    expect(error).toMatchObject({ type: 'InvalidSignatureException', code: 'InvalidSignature', status: 403 })
    expect(error.reason).toMatch(reason)
  })

  const unrecognized: Case[] = [
    ['an unknown key', () => signed({ signedWith: { accessKeyId: 'AKIDOTHER', secretAccessKey: 'any' } }), /no such access key id/],
    [
      'a session token with a long-lived key',
      () => signed({ signedWith: { ...key, sessionToken: 'token' } }),
      /is a long-lived one: send no/,
    ],
    [
      'a temporary key without its token',
      () => signed({ signedWith: { ...key, accessKeyId: 'ASIAX' } }),
      /its session token .* is missing/,
    ],
    [
      'a token of another key',
      () => signed({ signedWith: { ...key, accessKeyId: 'ASIAX', sessionToken: 'token' } }),
      /does not belong to this access key id/,
    ],
    [
      'a token that is escaped',
      () => signed({ signedWith: { ...key, accessKeyId: 'ASIAX', sessionToken: 'to%2Fken' } }),
      /session token is garbled/,
    ],
  ]
  it.each(unrecognized)('reports %s as an unknown client, with the reason', async (_, request, reason) => {
    const error = refusal(await request())
    expect(error).toMatchObject({ type: 'UnrecognizedClientException', code: 'UnrecognizedClient', status: 403 })
    expect(error.reason).toMatch(reason)
  })

  it.each([...incomplete, ...invalid])('gives a client that was accepted before the same reason for %s', async (_, request) => {
    const given = await request()
    const fresh = verifierAt(noon)
    const acquainted = verifierAt(noon)
    for (const query of [{}, { a: '1' }]) expect(acquainted(await signed({ query }))).toBe(key)
    const { type, message, reason } = refusal(given, fresh)
    expect(refusal(given, acquainted)).toMatchObject({ type, message, reason })
  })

  const missing: Case[] = [
    ['is not signed', sent('authorization', undefined), /no Authorization header/],
    [
      'is signed in the query',
      async () => ({ ...(await sent('authorization', undefined)()), url: '/?X-Amz-Signature=0' }),
      /signed in its query/,
    ],
  ]
  it.each(missing)('reports missing credentials where a request %s', async (_, request, reason) => {
    const error = refusal(await request())
    expect(error).toMatchObject({ type: 'MissingAuthenticationTokenException', code: 'MissingAuthenticationToken', status: 403 })
    expect(error.reason).toMatch(reason)
  })

  it('uses the sentences of Amazon', async () => {
    const wrong = refusal(await signed({ signedWith: { ...key, secretAccessKey: 'wrong' } }))
    expect(wrong.message).toMatch(
      /^The request signature we calculated does not match the signature you provided\. Check your AWS Secret Access Key and signing method\./,
    )
    expect(refusal({ method: 'GET', url: '/', rawHeaders: [], body: new Uint8Array() }).message).toBe('Missing Authentication Token')
    const unknown = refusal(await signed({ signedWith: { accessKeyId: 'AKIDOTHER', secretAccessKey: 'any' } }))
    expect(unknown.message).toBe('The security token included in the request is invalid.')
    const old = refusal(await signed({ date: minutesFromNoon(-20) }))
    expect(old.message).toBe('Signature expired: 20260304T114000Z is now earlier than 20260304T114500Z (20260304T120000Z - 15 min.)')
    const early = refusal(await signed({ date: minutesFromNoon(20) }))
    expect(early.message).toBe(
      'Signature not yet current: 20260304T122000Z is still later than 20260304T121500Z (20260304T120000Z + 15 min.)',
    )
    const empty = refusal(withHeader(await signed(), 'authorization', 'AWS4-HMAC-SHA256 Signature=00'))
    expect(empty.message).toBe(
      "Authorization header requires 'Credential' parameter. Authorization header requires 'SignedHeaders' parameter.",
    )
  })

  it.each(['host', 'authorization', 'x-amz-date', 'x-amz-chime-bearer', 'x-amz-content-sha256', 'x-amz-security-token'])(
    'refuses a second %s, even an equal one',
    async name => {
      const request = await signed()
      const value = headerOf(request, name) || 'token'
      const rawHeaders = [...withHeader(request, name, value).rawHeaders, name.toUpperCase(), value]
      expect(refusal({ ...request, rawHeaders })).toMatchObject({
        type: 'InvalidSignatureException',
        reason: `The header ${name} occurs more than once.`,
      })
    },
  )

  it('tells a signer that escapes the path once that it must be escaped twice', () => {
    const path = `/channels/${strictly(channelArn)}`
    const canonicalRequest = `GET\n${path}\n\nhost:localhost\nx-amz-date:20260304T120000Z\n\nhost;x-amz-date\n${hashOfNothing}`
    const headers = { host: 'localhost', 'x-amz-date': '20260304T120000Z' }
    const request = signedByHand({ method: 'GET', url: path, body: new Uint8Array() }, canonicalRequest, headers)
    expect(refusal(request).reason).toContain('%253A')
  })

  it('shows neither the secret nor the valid signature', async () => {
    const right = await signed()
    const wrong = await signed({ signedWith: { ...key, secretAccessKey: 'wrong' } })
    const { message, reason } = refusal(wrong)
    const expected = /[0-9a-f]{64}$/.exec(headerOf(right, 'authorization'))![0]
    for (const text of [message, reason]) {
      expect(text).not.toContain(expected)
      expect(text).not.toContain(key.secretAccessKey)
    }
  })

  it('throws only ApiError, for any request', async () => {
    const good = await signed()
    const part = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'AWS4-HMAC-SHA256',
        ' ',
        ',',
        ';',
        '/',
        '=',
        'Credential=',
        'SignedHeaders=',
        'Signature=',
        'host',
        'x-amz-date',
        'chime/aws4_request',
        'AKIDEXAMPLE/20260304/r/chime/aws4_request',
        '0'.repeat(64),
        '\n',
        ...good.rawHeaders,
      ),
    )
    const text = fc.array(part, { maxLength: 12 }).map(parts => parts.join(''))
    const request = fc.record({
      method: fc.oneof(fc.constant('GET'), fc.string()),
      url: fc.oneof(
        fc.webPath(),
        text,
        text.map(text => `/${text}`),
      ),
      rawHeaders: fc
        .tuple(fc.array(fc.oneof(text, fc.constantFrom('host', 'authorization', 'x-amz-date', 'date', '__proto__'))), fc.option(text))
        .map(([random, authorization]) => [
          ...random,
          ...(authorization === null ? [] : [...withHeader(good, 'authorization', authorization).rawHeaders]),
        ]),
      body: fc.uint8Array(),
    })
    fc.assert(
      fc.property(request, request => {
        expect(refusal(request)).toBeInstanceOf(ApiError)
      }),
      { numRuns: 3000 },
    )
  })

  it("accepts no Authorization header that differs from the signer's in anything but blanks", async () => {
    const good = await signed()
    const header = headerOf(good, 'authorization')
    const change = fc.tuple(fc.nat({ max: header.length - 1 }), fc.constantFrom('', ',', ';', '=', '/', ' ', 'x', '0', 'é', '\n', '%'))
    fc.assert(
      fc.property(change, ([position, inserted]) => {
        const changed = header.slice(0, position) + inserted + header.slice(position + 1)
        fc.pre(changed.replaceAll(/\s/g, '') !== header.replaceAll(' ', ''))
        expect(refusal(withHeader(good, 'authorization', changed))).toBeInstanceOf(ApiError)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('a part of the verification', () => {
  it('sorts a query by name and then by value, and changes nothing else', () => {
    expect(canonicalQuery('')).toBe('')
    expect(canonicalQuery('b=2&a=1')).toBe('a=1&b=2')
    expect(canonicalQuery('a=2&a=1&a')).toBe('a=&a=1&a=2')
    expect(canonicalQuery('a-b=1&a=2')).toBe('a=2&a-b=1')
    expect(canonicalQuery("x=%2b+!'()*=")).toBe("x=%2b+!'()*=")
  })

  it('never gives two paths the same canonical form', () => {
    fc.assert(
      fc.property(path, path, (left, right) => {
        expect(canonicalPath(left) === canonicalPath(right)).toBe(left === right)
      }),
    )
  })

  it('escapes a query again without changing what it means', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(queryText, queryText), { minLength: 1 }), pairs => {
        const written = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
        const strict = pairs.map(([name, value]) => `${strictly(name)}=${strictly(value)}`)
        expect(escapedQuery(written.join('&'))).toBe(canonicalQuery(strict.join('&')))
      }),
    )
    expect(escapedQuery('&b=1&&a:c&')).toBe('a%3Ac=&b=1')
    expect(escapedQuery('a=%zz')).toBeUndefined()
  })

  it('computes the same HMAC as node', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100, size: 'max' }),
        fc.string({ unit: 'grapheme-ascii', maxLength: 256, size: 'max' }),
        (key, text) => {
          expect(createSign(key)(text)).toBe(createHmac('sha256', key).update(text).digest('hex'))
        },
      ),
    )
  })
})
