import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Checksum, SourceData } from '@smithy/types'

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

/** The bytes of a GET as an SDK sends it, signed now: good for fifteen minutes. */
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
      'user-agent': 'aws-sdk-js/3.1142.0 ua/2.1 os/linux lang/js md/nodejs#24 api/chime-sdk-messaging#3.1142.0',
      'amz-sdk-invocation-id': 'c5a3ae5e-0b4f-4d4b-8a53-0d0bdb4ed2a9',
      'amz-sdk-request': 'attempt=1; max=3',
    },
  })
  const target = `${path}?${Object.entries(query)
    .map(pair => pair.map(encodeURIComponent).join('='))
    .join('&')}`
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`)
}
