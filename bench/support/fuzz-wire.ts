import { connect } from 'node:net'
import { canonicalPath, canonicalQuery, hashBody, hashCanonicalRequest } from '../../server/src/auth/signature/canonical-request.ts'
import { deriveSigningKey, type Sign } from '../../server/src/auth/signature/signing-key.ts'
import type { Chance } from './chance.ts'
import type { Draft } from './fuzz-input.ts'
import { rootKey } from './signed.ts'

const basic = () => new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
let today: { scope: string; sign: Sign } | undefined

function signer(date: string) {
  const scope = `${date}/us-east-1/chime/aws4_request`
  if (today?.scope !== scope) {
    const credential = { text: `${rootKey.accessKeyId}/${scope}`, accessKeyId: rootKey.accessKeyId, region: 'us-east-1', date, scope }
    today = { scope, sign: deriveSigningKey(rootKey.secretAccessKey, credential) }
  }
  return today
}

/** The bytes of a request that is signed as it is. */
export function bytesOf({ method, path, query, headers, body }: Draft, host: string, signed: boolean): Buffer {
  const time = basic()
  const all = new Map(Object.entries({ ...headers, host, 'x-amz-date': time }).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  const { scope, sign } = signer(time.slice(0, 8))
  const signedHeaders = [...all.keys()]
  const folded = new Map([...all].map(([name, value]) => [name, value.trim().replaceAll(/ +/g, ' ')]))
  const canonical = {
    method,
    path: canonicalPath(path),
    query: canonicalQuery(query),
    headers: folded,
    signedHeaders,
    bodyHash: hashBody(body),
  }
  const signature = sign(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${hashCanonicalRequest(canonical)}`)
  const authorization = `AWS4-HMAC-SHA256 Credential=${rootKey.accessKeyId}/${scope}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`
  const lines = [
    ...all,
    ...(signed ? [['authorization', authorization]] : []),
    ...(body.length > 0 ? [['content-length', body.length]] : []),
  ]
  const head = `${method} ${path}${query === '' ? '' : `?${query}`} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}

/** Bytes that are no longer a request, or another one. */
export function broken(bytes: Buffer, chance: Chance): Buffer {
  const copy = Buffer.from(bytes)
  const text = bytes.toString('latin1')
  const made: readonly (() => Buffer)[] = [
    () => copy.subarray(0, chance.below(copy.length)),
    () => {
      for (let count = 1 + chance.below(5); count > 0; count--) copy[chance.below(copy.length)] = chance.below(256)
      return copy
    },
    () =>
      Buffer.from(
        text.replace(
          '\r\n',
          `\r\n${chance.of(['host: y', ' folded: x', 'x', 'transfer-encoding: chunked', 'content-length: 3', 'expect: 100-continue', ': x', 'upgrade: h2c\r\nconnection: upgrade'])}\r\n`,
        ),
        'latin1',
      ),
    () => Buffer.from(text.replaceAll('\r\n', '\n'), 'latin1'),
    () => Buffer.from(text.replace('HTTP/1.1', chance.of(['HTTP/1.0', 'HTTP/2.0', 'HTTP/9', 'http/1.1', ''])), 'latin1'),
    () => Buffer.from(Array.from({ length: 1 + chance.below(3000) }, () => chance.below(256))),
    () => Buffer.concat([copy, copy, copy]),
    () => Buffer.from(`GET /${'a'.repeat(chance.below(40_000))} HTTP/1.1\r\nhost: x\r\n\r\n`),
    () => Buffer.from(`GET / HTTP/1.1\r\n${'x: y\r\n'.repeat(chance.below(4000))}\r\n`),
    () =>
      Buffer.from(
        `POST /channels HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${chance.of(['zz\r\n', '5\r\nabcde\r\n0\r\n\r\n', 'ffffffffff\r\n', '1;x=y\r\na\r\n0\r\nt: r\r\n\r\n'])}`,
      ),
  ]
  return chance.of(made)()
}

/** Sends bytes, ends the sending side, and resolves to everything that the server answers until it closes. */
export async function exchange(port: number, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const impatience = setTimeout(() => {
      socket.destroy()
      reject(
        new Error(
          `The server has not closed a connection that was ended ten seconds ago, after ${JSON.stringify(bytes.toString('latin1').slice(0, 3000))}`,
        ),
      )
    }, 10_000)
    socket.on('data', part => parts.push(part))
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.end())
    socket.on('close', () => {
      clearTimeout(impatience)
      resolve(Buffer.concat(parts))
    })
    socket.end(bytes)
  })
}

export interface WireAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** The answers in the received bytes. Bytes of another form are reported. */
export function answersIn(bytes: Buffer): WireAnswer[] {
  const answers: WireAnswer[] = []
  for (let rest = bytes; rest.length > 0;) {
    const end = rest.indexOf('\r\n\r\n')
    const head = rest.toString('latin1', 0, end === -1 ? rest.length : end)
    const [, code] = /^HTTP\/1\.1 (\d{3}) /.exec(head) ?? []
    if (code === undefined || end === -1) throw new Error(`This is no answer: ${JSON.stringify(rest.toString('latin1').slice(0, 500))}`)
    const status = Number(code)
    const length = status === 204 || status < 200 ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
    answers.push({ status, head, body: rest.toString('utf8', end + 4, end + 4 + length) })
    rest = rest.subarray(end + 4 + length)
  }
  return answers
}
