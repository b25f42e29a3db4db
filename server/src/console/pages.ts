import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { strictHeaders } from '../http/response.ts'
import type { HttpResponse } from '../http/endpoint.ts'
import { noPage } from '../http/operator-pages.ts'
import type { ReadSender } from '../http/sender.ts'
import { mayServe, overTlsOnly } from './safe.ts'

interface File {
  readonly type: string
  readonly plain: Buffer
  readonly packed: Buffer
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Next to the built server. */
const built = new URL('console/', import.meta.url)

/** The files of the console: the package has them built, and a clone builds them now. */
async function sources(): Promise<Record<string, string>> {
  if (!existsSync(built)) {
    const { buildConsole } = (await import(new URL('../../console/build.ts', import.meta.url).href)) as {
      buildConsole: () => Promise<Record<string, string>>
    }
    return buildConsole()
  }
  const names = await readdir(built)
  return Object.fromEntries(await Promise.all(names.map(async name => [name, await readFile(new URL(name, built), 'utf8')] as const)))
}

async function load(): Promise<ReadonlyMap<string, File>> {
  const files = Object.entries(await sources()).map(async ([name, text]) => {
    const plain = Buffer.from(text)
    const type = types[name.slice(name.lastIndexOf('.') + 1)]!
    return [name, { type, plain, packed: await promisify(gzip)(plain, { level: 9 }) }] as const
  })
  return new Map(await Promise.all(files))
}

/** Only the files of the console run, and they connect to this host only. Sockets are listed, since 'self' means http for some browsers. */
const contentPolicy = (host: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ws://${host} wss://${host}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')

const assets = '/console/assets/'

/** Answers GET /console and what is below it: the page under every path, and its files. */
export function consolePages(readSender: ReadSender): (request: IncomingMessage) => Promise<HttpResponse> {
  let loading: ReturnType<typeof load> | undefined
  return async request => {
    const { headers, url } = request
    const { isSecure, forwardedHost } = readSender(request)
    const host = forwardedHost ?? headers.host ?? ''
    if (!mayServe({ isSecure, host }) || !/^[\w.:[\]-]+$/.test(host)) {
      const { status, message, reason } = overTlsOnly()
      return { status, headers: { ...strictHeaders, 'content-type': 'text/plain; charset=utf-8' }, body: `${message}. ${reason}\n` }
    }
    const path = url!.split('?', 1)[0]!
    loading ??= load()
    loading.catch(() => (loading = undefined))
    const file = (await loading).get(path.startsWith(assets) ? path.slice(assets.length) : 'index.html')
    if (!file) return noPage
    const common = {
      ...strictHeaders,
      'content-security-policy': contentPolicy(host),
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'camera=(), microphone=(), geolocation=()',
      'content-type': file.type,
      vary: 'accept-encoding',
    }
    if (/\bgzip\b/.test(String(headers['accept-encoding'])))
      return { status: 200, headers: { ...common, 'content-encoding': 'gzip' }, body: file.packed }
    return { status: 200, headers: common, body: file.plain }
  }
}
