import { parseArgs } from 'node:util'
import { decide } from '../server/src/auth/iam/decide.ts'
import { parsePolicy } from '../server/src/auth/iam/policy.ts'
import type { Principal } from '../server/src/auth/principal.ts'
import { rootPrincipal } from '../server/src/auth/principal.ts'
import { createVerifier, type SignedRequest } from '../server/src/auth/sigv4.ts'
import { machine } from './support/process.ts'
import { inRounds, median, rounded, spread } from './support/rounds.ts'
import { rootKey, signedGet } from './support/signed.ts'

const app = 'arn:aws:chime:us-east-1:000000000000:app-instance/3f2c8a5e-0000-4000-8000-000000000001'

/** What a back end gives to a browser (docs/security.md), and the same behind a session policy. */
const usual = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: 'chime:GetMessagingSessionEndpoint', Resource: '*' },
    {
      Effect: 'Allow',
      Action: ['chime:Connect', 'chime:SendChannelMessage', 'chime:ListChannel*', 'chime:Describe*', 'chime:*ChannelMembership'],
      Resource: [`${app}/user/\${aws:PrincipalTag/sub}`, `${app}/channel/*`],
    },
  ],
})

const context = { now: Date.now(), sourceAddress: '192.0.2.1', isSecure: true, requestTags: undefined, resourceTags: undefined }
const resources = JSON.parse(JSON.stringify([`${app}/user/alice`, `${app}/channel/${crypto.randomUUID()}`])) as string[]

function principalWith(permissions: Principal['permissions']): Principal {
  return { arn: 'arn:aws:sts::000000000000:assumed-role/Chat/alice', userId: 'x:alice', tags: new Map([['sub', 'alice']]), permissions }
}

/** As node would hand it on. */
function requestOf(bytes: Buffer): SignedRequest {
  const [first = '', ...lines] = bytes.toString('latin1').split('\r\n\r\n')[0]!.split('\r\n')
  const [method = '', url = ''] = first.split(' ')
  return {
    method,
    url,
    rawHeaders: lines.flatMap(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    body: Buffer.alloc(0),
  }
}

function attempt(act: () => unknown) {
  try {
    act()
  } catch {
    // A refusal is what is measured.
  }
}

/** What it costs to say who may, in microseconds of CPU: IAM's decisions about a call on a channel, and signatures that hold or do not. */
export async function authorize(args: string[]) {
  const { values } = parseArgs({ args, options: { rounds: { type: 'string', default: '7' }, times: { type: 'string', default: '20000' } } })
  const times = Number(values.times)
  const request = requestOf(
    await signedGet('http://localhost:8080', '/channels', { scope: 'app-instance-user-memberships' }, resources[0]!),
  )
  const principal = rootPrincipal('000000000000')
  const verifier = (secretAccessKey: string | undefined) =>
    createVerifier({ findKey: () => (secretAccessKey === undefined ? undefined : { ...rootKey, secretAccessKey, principal }) })
  const [good, wrong, unknown] = [verifier(rootKey.secretAccessKey), verifier('wrong'), verifier(undefined)]
  const [policy, all] = [parsePolicy(usual), parsePolicy('{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}')]
  const asks = (who: Principal) => () =>
    resources.every(resource => decide(who, 'chime:SendChannelMessage', resource, context) === 'allowed')
  const acts: Record<string, () => unknown> = {
    'decide: the root': asks(principal),
    'decide: a policy that allows all': asks(principalWith([[all]])),
    'decide: the usual policy of a user': asks(principalWith([[policy]])),
    'decide: the same under a session policy': asks(principalWith([[policy], [policy]])),
    'parse the usual policy': () => parsePolicy(usual),
    'verify a signature': () => good(request),
    'refuse a wrong secret': () => attempt(() => wrong(request)),
    'refuse an unknown key': () => attempt(() => unknown(request)),
  }
  const measure = (act: () => unknown) => async () => {
    const start = process.cpuUsage()
    for (let index = 0; index < times; index++) act()
    const { user, system } = process.cpuUsage(start)
    return (user + system) / times
  }
  const kinds = Object.fromEntries(Object.entries(acts).map(([name, act]) => [name, measure(act)]))
  process.stdout.write(`${JSON.stringify(machine())}\n`)
  for (const [name, figures] of await inRounds(kinds, Number(values.rounds))) {
    process.stdout.write(`${name}: ${rounded(median(figures), 2)} µs (${spread(figures, 2)})\n`)
  }
}
