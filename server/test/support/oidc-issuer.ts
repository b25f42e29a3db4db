import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose'

interface Key {
  readonly id: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

/** What a token says beside what every token says. */
interface Said {
  readonly claims?: JWTPayload
  readonly audience?: string | string[]
  readonly issuer?: string
  /** Seconds from now. */
  readonly expires?: number
  readonly notBefore?: number
  readonly header?: Readonly<Record<string, unknown>>
}

/** A small OpenID provider: it describes itself, shows its public keys, and signs what it is told to. */
export class OidcIssuer {
  readonly #server: Server
  readonly url: string
  #keys: Key[] = []
  /** How often its keys were asked for. */
  asked = 0
  /** What it answers with instead of its keys. */
  failing: number | undefined

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', ({ url }, response) => {
      if (url !== '/keys') return response.end(JSON.stringify({ issuer: this.url, jwks_uri: `${this.url}/keys` }))
      this.asked++
      if (this.failing !== undefined) return response.writeHead(this.failing).end()
      return response.end(JSON.stringify({ keys: this.#keys.map(({ jwk }) => jwk) }))
    })
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

  /** A token of `sub`, for the audience `web`, good for an hour. */
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
