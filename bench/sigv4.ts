import { parseArgs } from 'node:util'
import { createUrlVerifier } from '../server/src/auth/signature/presigned-url.ts'
import { rootPrincipal } from '../server/src/auth/principal.ts'
import { createVerifier, type SignedRequest } from '../server/src/auth/signature/sigv4.ts'
import { appInstanceArn, channelArn, userArn } from './support/fill.ts'
import { inProcess } from './support/in-process.ts'
import { Report } from './support/report.ts'
import { presignedTarget, rootKey, signedGet, signedPost } from './support/signed.ts'

const url = 'http://localhost:8080'
const host = 'localhost:8080'
const bodyLength = 493
const principal = rootPrincipal('000000000000')

/** Finds the key with that secret; no key without a secret. */
const keyWith = (secretAccessKey: string | undefined) => () =>
  secretAccessKey === undefined ? undefined : { ...rootKey, secretAccessKey, principal }

/** As node would give it to the server. */
function requestOf(bytes: Buffer): SignedRequest {
  const end = bytes.indexOf('\r\n\r\n')
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const [method = '', target = ''] = first.split(' ')
  const rawHeaders = lines.flatMap(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
  return { method, url: target, rawHeaders, body: bytes.subarray(end + 4) }
}

function postOf(length: number): SignedRequest {
  const message = { Content: '', Type: 'STANDARD', Persistence: 'PERSISTENT', ClientRequestToken: crypto.randomUUID() }
  const Content = 'x'.repeat(length - JSON.stringify(message).length)
  const path = `/channels/${encodeURIComponent(channelArn(1))}/messages`
  return requestOf(signedPost(url, path, JSON.stringify({ ...message, Content }), userArn(1)))
}

function refused(act: () => unknown) {
  try {
    act()
  } catch {
    // The refusal is measured.
    return
  }
  throw new Error('this signature should not hold')
}

/** The cost of verifying a signature, in this process: valid ones, and invalid ones. */
export async function sigv4(args: string[]) {
  const { values } = parseArgs({
    args,
    options: { rounds: { type: 'string', default: '200' }, times: { type: 'string', default: '1000' } },
  })
  const report = new Report('sigv4', values)
  const query = { 'app-instance-arn': appInstanceArn, 'max-results': '50', scope: 'app-instance-user-memberships' }
  const list = requestOf(await signedGet(url, '/channels', query, userArn(1)))
  const post = postOf(bodyLength)
  const socket = { url: presignedTarget(url, userArn(1)), host }
  const [good, wrong, unknown] = [rootKey.secretAccessKey, 'wrong', undefined].map(secret => ({
    request: createVerifier({ findKey: keyWith(secret) }),
    url: createUrlVerifier({ findKey: keyWith(secret), hosts: [] }),
  }))
  const acts = {
    'a GET that lists': () => good!.request(list),
    [`a POST with a body of ${bodyLength} bytes`]: () => good!.request(post),
    'the URL of a socket': () => good!.url(socket),
    'the GET, wrong secret': () => refused(() => wrong!.request(list)),
    'the GET, unknown key': () => refused(() => unknown!.request(list)),
    'the URL, wrong secret': () => refused(() => wrong!.url(socket)),
    'the URL, unknown key': () => refused(() => unknown!.url(socket)),
  }
  report.table('verification of a signature', await inProcess(acts, { times: Number(values.times), rounds: Number(values.rounds) }))
  await report.keep()
}
