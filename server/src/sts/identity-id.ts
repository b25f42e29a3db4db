import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** Logins and guests have UUIDs of different versions, so a guest can never have the identity of a login. */
const versions = { login: 8, guest: 4 } as const
/** The random bytes of a guest's UUID; the last group authenticates them. */
const randomLength = 10
const sealLength = 6

/** Sixteen bytes as a UUID of that version (RFC 9562). */
function uuid(bytes: Uint8Array, version: number): string {
  const hex = Buffer.from(bytes)
  hex[6] = (version << 4) | (hex[6]! & 0x0f)
  hex[8] = 0x80 | (hex[8]! & 0x3f)
  return hex.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/**
 * The IdentityIds of an identity pool, `REGION:UUID`. None is stored. The id of a login is a hash of the pool, the issuer and the
 * user, so it is the same on every node and for ever. The id of a guest is random with an authentication code, so invented ids are
 * refused.
 */
export class IdentityIds {
  readonly #poolId: string
  readonly #region: string
  readonly #guestKey: Uint8Array

  constructor(poolId: string, guestKey: Uint8Array) {
    this.#poolId = poolId
    this.#region = poolId.slice(0, poolId.indexOf(':'))
    this.#guestKey = guestKey
  }

  ofLogin(issuer: string, userId: string): string {
    const digest = hash('sha256', JSON.stringify([this.#poolId, issuer, userId]), 'buffer')
    return `${this.#region}:${uuid(digest.subarray(0, 16), versions.login)}`
  }

  newGuest(): string {
    return this.#sealed(randomBytes(randomLength))
  }

  isGuest(id: string): boolean {
    const random = Buffer.from(id.slice(this.#region.length + 1).replaceAll('-', ''), 'hex').subarray(0, randomLength)
    if (random.length < randomLength) return false
    const given = Buffer.from(id)
    const own = Buffer.from(this.#sealed(random))
    return given.length === own.length && timingSafeEqual(given, own)
  }

  /** Whether an id has the form of a login's. */
  mayBeLogin(id: string): boolean {
    const [region, text = ''] = id.split(':')
    return region === this.#region && /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text)
  }

  /** The id of a guest: these random bytes, and a code that only this pool can compute. */
  #sealed(random: Uint8Array): string {
    const head = uuid(Buffer.concat([random, Buffer.alloc(sealLength)]), versions.guest).slice(0, -2 * sealLength)
    const seal = createHmac('sha256', this.#guestKey).update(`${this.#poolId} ${head}`).digest('hex')
    return `${this.#region}:${head}${seal.slice(0, 2 * sealLength)}`
  }
}
