import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createUrlVerifier } from '../../../src/auth/signature/presigned-url.ts'
import { ApiError } from '../../../src/errors.ts'

const key = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'a secret/with+signs=' }
const host = 'chat.example.com:8443'
const userArn = 'arn:aws:chime:us-east-1:000000000000:app-instance/abc/user/a.b@c:d'
const verify = createUrlVerifier({ findKey: id => (id === key.accessKeyId ? key : undefined), hosts: [] })

/** How clients write a name or value into the query. */
const encodings: Readonly<Record<string, (text: string) => string>> = {
  'amazon-chime-sdk-js': encodeURIComponent,
  'RFC 3986': text =>
    encodeURIComponent(text).replaceAll(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`),
  'the URLEncoder of Java': text =>
    encodeURIComponent(text)
      .replaceAll('%20', '+')
      .replaceAll('~', '%7E')
      .replaceAll(/[!'()]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`),
}

async function digest(text: string, secret?: Buffer): Promise<Buffer> {
  const sha = new Sha256(secret)
  sha.update(text)
  return Buffer.from(await sha.digest())
}

/** Signs as those clients do: over the pairs of the query as they are sent. */
async function presign(parameters: Readonly<Record<string, string>>, encode: (text: string) => string): Promise<string> {
  const date = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
  const scope = `${date.slice(0, 8)}/eu-central-1/chime/aws4_request`
  const all: Record<string, string> = {
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${key.accessKeyId}/${scope}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': '10',
    'X-Amz-SignedHeaders': 'host',
    ...parameters,
  }
  const query = Object.keys(all)
    .toSorted()
    .map(name => `${encode(name)}=${encode(all[name]!)}`)
    .join('&')
  const nothing = (await digest('')).toString('hex')
  const canonical = `GET\n/connect\n${query}\nhost:${host}\n\nhost\n${nothing}`
  let secret: Buffer = Buffer.from(`AWS4${key.secretAccessKey}`)
  for (const part of scope.split('/')) secret = await digest(part, secret)
  const signature = await digest(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${(await digest(canonical)).toString('hex')}`, secret)
  return `/connect?${query}&X-Amz-Signature=${signature.toString('hex')}`
}

const sessionIds = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter(text => text.isWellFormed())

test.each(Object.entries(encodings))('every session id is verified and read back unchanged when %s writes it', async (name, encode) => {
  await fc.assert(
    fc.asyncProperty(sessionIds, async sessionId => {
      const { parameters } = verify({ url: await presign({ sessionId, userArn, 'prefetch-on': 'connect' }, encode), host })
      // A plus stands for itself: only the Java client writes a blank so, and none of its session ids contains one.
      const read = name === 'the URLEncoder of Java' ? sessionId.replaceAll(' ', '+') : sessionId
      expect(parameters.get('sessionId')).toBe(read)
      expect(parameters.get('userArn')).toBe(userArn)
    }),
    { numRuns: 100 },
  )
})

test("an apostrophe that the browser escapes after signing does not break the signature, and Amazon's own presigner agrees", async () => {
  const url = await presign({ sessionId: "it's", userArn }, encodeURIComponent)
  expect(verify({ url: url.replaceAll("'", '%27'), host }).parameters.get('sessionId')).toBe("it's")

  const signer = new SignatureV4({ service: 'chime', region: 'us-east-1', credentials: key, sha256: Sha256 })
  await fc.assert(
    fc.asyncProperty(sessionIds, async sessionId => {
      const request = {
        method: 'GET',
        protocol: 'wss:',
        hostname: host,
        path: '/connect',
        query: { sessionId, userArn },
        headers: { host },
      }
      const { query = {} } = await signer.presign(request, { expiresIn: 10 })
      const text = Object.entries(query).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
      expect(verify({ url: `/connect?${text.join('&')}`, host }).parameters.get('sessionId')).toBe(sessionId)
    }),
    { numRuns: 50 },
  )
})

/** The meaning of a URL, however it is escaped. */
const meaning = (url: string) => {
  try {
    return decodeURIComponent(url)
  } catch {
    return ''
  }
}

test.each([
  ['another port', 'chat.example.com:8444'],
  ['no port', 'chat.example.com'],
  ['no host', ''],
])('%s is not the host that was signed for', async (_, came) => {
  const url = await presign({ sessionId: 'one', userArn }, encodeURIComponent)
  expect(verify({ url, host: 'CHAT.Example.com:8443' }).key).toBe(key)
  expect(() => verify({ url, host: came })).toThrow(ApiError)
})

test("any change of the URL's meaning after signing makes it invalid", async () => {
  const url = await presign({ sessionId: 'one', userArn }, encodeURIComponent)
  const start = url.indexOf('?') + 1
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: start, max: url.length - 1 }),
      fc.constantFrom(...'abcXYZ019-_.~&=%+'.split('')),
      async (index, character) => {
        const changed = url.slice(0, index) + character + url.slice(index + 1)
        fc.pre(meaning(changed) !== meaning(url))
        expect(() => verify({ url: changed, host })).toThrow(ApiError)
      },
    ),
    { numRuns: 500 },
  )
})

test('any query is accepted or refused, and never makes the verifier throw anything else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 300 }), query => {
      expect(() => verify({ url: `/connect?${query}`, host })).toThrow(ApiError)
    }),
    { numRuns: 1000 },
  )
})
