import { hashBody, hashCanonicalRequest } from '../../server/src/auth/signature/canonical-request.ts'
import { deriveSigningKey } from '../../server/src/auth/signature/signing-key.ts'
import { rootKey } from './signed.ts'

/** The path of a URL that is presigned with these parameters. */
export function presignedPath(host: string, parameters: Readonly<Record<string, string>>): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const date = time.slice(0, 8)
  const scope = `${date}/us-east-1/chime/aws4_request`
  const all = {
    ...parameters,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${rootKey.accessKeyId}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': '60',
    'X-Amz-SignedHeaders': 'host',
  }
  const query = Object.entries(all)
    .map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed().slice(0, 3000))}`)
    .toSorted()
    .join('&')
  const canonical = {
    method: 'GET',
    path: '/connect',
    query,
    headers: new Map([['host', host]]),
    signedHeaders: ['host'],
    bodyHash: hashBody(Buffer.alloc(0)),
  }
  const sign = deriveSigningKey(rootKey.secretAccessKey, { text: '', accessKeyId: rootKey.accessKeyId, region: 'us-east-1', date, scope })
  return `/connect?${query}&X-Amz-Signature=${sign(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${hashCanonicalRequest(canonical)}`)}`
}
