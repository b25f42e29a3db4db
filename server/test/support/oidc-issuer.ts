import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose'

interface Key {
  readonly id: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

/** The claims of a token beside those that every token has. */
interface Said {
  readonly claims?: JWTPayload
  readonly audience?: string | string[]
  readonly issuer?: string
  /** Seconds from now. */
  readonly expires?: number
  readonly notBefore?: number
  readonly header?: Readonly<Record<string, unknown>>
}

/** The query of each request to /authorize, by the code that it has returned. */
interface Asked {
  readonly clientId: string
  readonly redirectUri: string
  readonly challenge: string
  readonly nonce: string
}

/**
 * A small OpenID provider: it describes itself, shows its public keys, and signs any claims. Every request to /authorize logs in as `login`
 * at once.
 */
export class OidcIssuer {
  readonly #server: Server
  readonly url: string
  #keys: Key[] = []
  /** The number of requests for its keys. */
  asked = 0
  /** The answer instead of its keys. */
  failing: number | undefined
  /** The user who logs in, and the user's claims. */
  login: { readonly sub: string; readonly claims?: JWTPayload; readonly audience?: string } = { sub: 'operator' }
  /** The secret that a client must send to /token; undefined for a public client. */
  secret: string | undefined
  readonly #codes = new Map<string, Asked>()

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (request, response) => {
      const { url = '' } = request
      if (url.startsWith('/authorize?')) return this.#authorize(new URL(url, this.url).searchParams, response)
      if (url === '/token') return void this.#exchange(request, response).catch(() => response.destroy())
      if (url !== '/keys') return response.setHeader('content-type', 'application/json').end(JSON.stringify(this.#description))
      this.asked++
      if (this.failing !== undefined) return response.writeHead(this.failing).end()
      return response.end(JSON.stringify({ keys: this.#keys.map(({ jwk }) => jwk) }))
    })
  }

  get #description() {
    const { url } = this
    return { issuer: url, jwks_uri: `${url}/keys`, authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token` }
  }

  #authorize(asked: URLSearchParams, response: ServerResponse) {
    const text = (name: string) => asked.get(name) ?? ''
    const back = new URL(text('redirect_uri'))
    const isWhole = text('response_type') === 'code' && text('code_challenge_method') === 'S256' && text('scope').includes('openid')
    if (isWhole) {
      const code = crypto.randomUUID()
      const [clientId, redirectUri] = [text('client_id'), text('redirect_uri')]
      this.#codes.set(code, { clientId, redirectUri, challenge: text('code_challenge'), nonce: text('nonce') })
      back.searchParams.set('code', code)
    } else back.searchParams.set('error', 'invalid_request')
    back.searchParams.set('state', text('state'))
    response.writeHead(302, { location: back.href }).end()
  }

  async #exchange(request: IncomingMessage, response: ServerResponse) {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const asked = new URLSearchParams(body)
    const known = this.#codes.get(asked.get('code') ?? '')
    this.#codes.delete(asked.get('code') ?? '')
    const [id, secret] = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64')
      .toString()
      .split(':')
    const isClient =
      this.secret === undefined ? asked.get('client_id') === known?.clientId : id === known?.clientId && secret === this.secret
    const isSame = hash('sha256', asked.get('code_verifier') ?? '', 'base64url') === known?.challenge
    response.setHeader('content-type', 'application/json')
    if (!known || !isClient || !isSame || asked.get('redirect_uri') !== known.redirectUri)
      return response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant' }))
    const { sub, claims, audience = known.clientId } = this.login
    const token = await this.token(sub, { audience, claims: { nonce: known.nonce, ...claims } })
    return response.end(JSON.stringify({ access_token: 'unused', token_type: 'Bearer', id_token: token }))
  }

  static async start(): Promise<OidcIssuer> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const issuer = new OidcIssuer(server)
    await issuer.rotate()
    return issuer
  }

  /** From now on it signs with a new key, and shows no other. */
  async rotate(algorithm = 'RS256'): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
    const id = crypto.randomUUID()
    this.#keys = [{ id, privateKey, jwk: { ...(await exportJWK(publicKey)), kid: id, alg: algorithm, use: 'sig' } }]
  }

  get publicKey(): JWK {
    return this.#keys[0]!.jwk
  }

  /** A token of `sub`, for the audience `web`, valid for an hour. */
  async token(
    sub: string,
    { claims = {}, audience = 'web', issuer = this.url, expires = 3600, notBefore, header = {} }: Said = {},
  ): Promise<string> {
    const { id, privateKey, jwk } = this.#keys[0]!
    const now = Math.floor(Date.now() / 1000)
    const signing = new SignJWT({ ...claims, sub, iss: issuer, aud: audience })
      .setProtectedHeader({ alg: jwk.alg!, kid: id, typ: 'JWT', ...header })
      .setIssuedAt(now)
      .setExpirationTime(now + expires)
    if (notBefore !== undefined) signing.setNotBefore(now + notBefore)
    return signing.sign(privateKey)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
