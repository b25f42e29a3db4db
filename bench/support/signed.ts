import { createHash, createHmac, hash } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Checksum, SourceData } from '@smithy/types'
import { parseCredentialScope } from '../../server/src/auth/signature/authorization-header.ts'
import { canonicalPath, hashCanonicalRequest } from '../../server/src/auth/signature/canonical-request.ts'
import { deriveSigningKey, type Sign } from '../../server/src/auth/signature/signing-key.ts'
import { formatBasic } from '../../server/src/auth/signature/signing-time.ts'

class Sha256 implements Checksum {
  #hash

  constructor(secret?: SourceData) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', Buffer.from(secret as Uint8Array))
  }

  update(data: Uint8Array | string) {
    this.#hash.update(data)
  }

  async digest() {
    return new Uint8Array(this.#hash.digest())
  }

  reset() {
    throw new Error('not needed')
  }
}

export const rootKey = { accessKeyId: 'AKIABENCHBENCHBENCH0', secretAccessKey: 'bench-secret' }

const signer = new SignatureV4({ service: 'chime', region: 'us-east-1', credentials: rootKey, sha256: Sha256 })

const userAgent = 'aws-sdk-js/3.1142.0 ua/2.1 os/linux lang/js md/nodejs#24 api/chime-sdk-messaging#3.1142.0'

/** The bytes of a GET as an SDK sends it, signed now: valid for fifteen minutes. */
export async function signedGet(url: string, path: string, query: Record<string, string>, bearer: string): Promise<Buffer> {
  const { hostname, port, host } = new URL(url)
  const { headers } = await signer.sign({
    method: 'GET',
    protocol: 'http:',
    hostname,
    port: Number(port),
    path,
    query,
    headers: {
      host,
      'x-amz-chime-bearer': bearer,
      'x-amz-user-agent': 'aws-sdk-js/3.1142.0',
      'user-agent': userAgent,
      'amz-sdk-invocation-id': 'c5a3ae5e-0b4f-4d4b-8a53-0d0bdb4ed2a9',
      'amz-sdk-request': 'attempt=1; max=3',
    },
  })
  const pairs = Object.entries(query).map(pair => pair.map(encodeURIComponent).join('='))
  const target = pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`)
}

const signingKeys = new Map<string, Sign>()

/** With our own code, since Amazon's signer takes longer than the server does for a whole message. */
function signature(canonical: Parameters<typeof hashCanonicalRequest>[0], date: string, scope: string): string {
  let sign = signingKeys.get(scope)
  if (!sign) {
    sign = deriveSigningKey(rootKey.secretAccessKey, parseCredentialScope(`${rootKey.accessKeyId}/${scope}`, 'chime'))
    signingKeys.set(scope, sign)
  }
  return sign(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${hashCanonicalRequest(canonical)}`)
}

const scopeOf = (date: string) => `${date.slice(0, 8)}/us-east-1/chime/aws4_request`

/** The bytes of a POST as an SDK sends it, signed now. */
export const signedPost = (url: string, path: string, body: string, bearer: string) => signedBody('POST', url, path, body, bearer)

/** The same for a PUT. */
export const signedPut = (url: string, path: string, body: string, bearer: string) => signedBody('PUT', url, path, body, bearer)

function signedBody(method: 'POST' | 'PUT', url: string, path: string, body: string, bearer: string): Buffer {
  const date = formatBasic(Date.now())
  const signed = new Map([
    ['amz-sdk-invocation-id', 'c5a3ae5e-0b4f-4d4b-8a53-0d0bdb4ed2a9'],
    ['amz-sdk-request', 'attempt=1; max=3'],
    ['content-length', String(Buffer.byteLength(body))],
    ['content-type', 'application/json'],
    ['host', new URL(url).host],
    ['x-amz-chime-bearer', bearer],
    ['x-amz-content-sha256', hash('sha256', body)],
    ['x-amz-date', date],
    ['x-amz-user-agent', 'aws-sdk-js/3.1142.0'],
  ])
  const signedHeaders = [...signed.keys()]
  const bodyHash = signed.get('x-amz-content-sha256')!
  const canonical = { method, path: canonicalPath(path), query: '', headers: signed, signedHeaders, bodyHash }
  const credential = `${rootKey.accessKeyId}/${scopeOf(date)}`
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature(canonical, date, scopeOf(date))}`
  const lines = [...signed, ['user-agent', userAgent], ['authorization', authorization]].map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}

/** The path and query with which a user connects, signed now and valid for an hour. */
export function presignedTarget(
  url: string,
  userArn: string,
  more: Readonly<Record<string, string>> = {},
  sessionId: string = crypto.randomUUID(),
): string {
  const date = formatBasic(Date.now())
  const parameters: Record<string, string> = {
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${rootKey.accessKeyId}/${scopeOf(date)}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': '3600',
    'X-Amz-SignedHeaders': 'host',
    ...more,
    sessionId,
    userArn,
  }
  const query = Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')
  const headers = new Map([['host', new URL(url).host]])
  const canonical = { method: 'GET', path: '/connect', query, headers, signedHeaders: ['host'], bodyHash: hash('sha256', '') }
  return `/connect?${query}&X-Amz-Signature=${signature(canonical, date, scopeOf(date))}`
}
