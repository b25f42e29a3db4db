import { incompleteSignature, invalidSignature } from './signature-errors.ts'

const algorithm = 'AWS4-HMAC-SHA256'
const terminator = 'aws4_request'
const regionPattern = /^[A-Za-z0-9_-]{1,64}$/
const authorizationPattern = /^AWS4-HMAC-SHA256 Credential=([^,\s]+) ?, ?SignedHeaders=([^,\s]+) ?, ?Signature=([0-9a-f]{64})$/

/** The services in a credential scope: `chime` for both APIs, `sts` for temporary credentials. */
export type SignedService = 'chime' | 'sts'

/** The key that signed, and the day and region of the signature. */
export interface CredentialScope {
  /** The whole text as received: `KEY/date/region/SERVICE/aws4_request`. */
  readonly text: string
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  /** `date/region/SERVICE/aws4_request`. At most 95 ASCII characters. */
  readonly scope: string
}

export interface Authorization {
  readonly credential: CredentialScope
  /** The names, in the order in which they were signed. */
  readonly signedHeaders: readonly string[]
  /** 64 lower-case hexadecimal digits. */
  readonly signature: string
}

/** Parses `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`, in this order, as every signer writes it. */
export function readAuthorization(header: string, service: SignedService): Authorization {
  const match = authorizationPattern.exec(header)
  if (match === null) throw unreadable(header)
  return { credential: parseCredentialScope(match[1]!, service), signedHeaders: match[2]!.split(';'), signature: match[3]! }
}

const signedFor: Readonly<Record<SignedService, string>> = {
  chime: "both APIs are signed for 'chime'",
  sts: "calls for temporary credentials are signed for 'sts'",
}

/** Parses `KEY/YYYYMMDD/REGION/SERVICE/aws4_request`. Any region is accepted: ARNs carry the server's own. */
export function parseCredentialScope(text: string, service: SignedService): CredentialScope {
  const parts = text.split('/')
  const accessKeyId = parts[0]
  const date = parts[1]
  const region = parts[2]
  if (parts.length !== 5 || !accessKeyId || !date || !region) {
    const message = `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${text}'`
    throw incompleteSignature(message, `Credential must read ACCESS_KEY_ID/YYYYMMDD/REGION/${service}/${terminator}.`)
  }
  if (parts[3] !== service) {
    const reason = `The request is signed for the service '${parts[3]}'; ${signedFor[service]}.`
    throw invalidSignature(reason, `Credential should be scoped to correct service: '${service}'.`)
  }
  if (parts[4] !== terminator) {
    const reason = `The credential scope ends with '${parts[4]}'; it must end with '${terminator}'.`
    throw invalidSignature(reason, `Credential should be scoped with a valid terminator: '${terminator}'.`)
  }
  if (!regionPattern.test(region)) {
    const reason = 'The region in the credential scope must be 1 to 64 letters, digits, hyphens or underscores.'
    throw invalidSignature(reason, 'Credential should be scoped to a valid region.')
  }
  return { text, accessKeyId, date, region, scope: `${date}/${region}/${service}/${terminator}` }
}

function unreadable(header: string) {
  const [named = ''] = header.split(' ', 1)
  if (named !== algorithm && named.startsWith('AWS')) {
    return invalidSignature(`The algorithm '${named}' is not supported; sign with ${algorithm}.`)
  }
  const missing = ['Credential', 'Signature', 'SignedHeaders'].filter(name => !header.includes(`${name}=`))
  const message =
    missing.map(name => `Authorization header requires '${name}' parameter.`).join(' ') || 'The Authorization header is not well-formed.'
  const form = `'${algorithm} Credential=…, SignedHeaders=…, Signature=…' with 64 lower-case hexadecimal digits`
  return incompleteSignature(message, `The Authorization header must read ${form}.`)
}
