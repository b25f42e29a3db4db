import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nkeys } from '@nats-io/transport-node'
import { temporaryFolder } from './process.ts'

type KeyPair = ReturnType<typeof nkeys.createUser>

const encoded = (content: object | Uint8Array) =>
  Buffer.from(content instanceof Uint8Array ? content : JSON.stringify(content)).toString('base64url')

/** A JWT as `nsc` of NATS writes it: what `subject` is allowed, signed by `issuer`. */
function jwt(issuer: KeyPair, { subject, name, nats }: { subject: KeyPair; name: string; nats: object }): string {
  const claims = {
    jti: crypto.randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name,
    sub: subject.getPublicKey(),
  }
  const signed = `${encoded({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encoded({ ...claims, nats: { ...nats, version: 2 } })}`
  return `${signed}.${encoded(issuer.sign(Buffer.from(signed)))}`
}

const unlimited = { subs: -1, data: -1, payload: -1 }

const block = (name: string, content: string) => `-----BEGIN ${name}-----\n${content}\n------END ${name}------\n`

/** A configuration of nats-server with an operator and an account, and a credentials file of a user; deleted after the test. */
export async function makeAccounts() {
  const folder = await temporaryFolder()
  const [operator, account, user] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createUser()]
  const limits = { ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 }
  const operatorJwt = jwt(operator, { subject: operator, name: 'operator', nats: { type: 'operator' } })
  const accountJwt = jwt(operator, { subject: account, name: 'account', nats: { type: 'account', limits } })
  const userJwt = jwt(account, { subject: user, name: 'user', nats: { type: 'user', ...unlimited } })
  const config = join(folder, 'nats.conf')
  await writeFile(config, `operator: ${operatorJwt}\nresolver: MEMORY\nresolver_preload: { ${account.getPublicKey()}: ${accountJwt} }\n`)
  const credentials = join(folder, 'user.creds')
  await writeFile(credentials, block('NATS USER JWT', userJwt) + block('USER NKEY SEED', Buffer.from(user.getSeed()).toString()))
  return { config, credentials }
}
