import { parseArgs } from 'node:util'
import { decide } from '../server/src/auth/iam/decide.ts'
import { parsePolicy } from '../server/src/auth/iam/policy.ts'
import { rootPrincipal, type Principal } from '../server/src/auth/principal.ts'
import { inProcess } from './support/in-process.ts'
import { Report } from './support/report.ts'

const app = 'arn:aws:chime:us-east-1:000000000000:app-instance/3f2c8a5e-0000-4000-8000-000000000001'

/** The policy that a back end gives to a browser (docs/security.md), and the same behind a session policy. */
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

const about = {
  now: Date.now(),
  sourceAddress: '192.0.2.1',
  isSecure: true,
  headers: {},
  region: 'us-east-1',
  account: '000000000000',
  requestTags: undefined,
  resourceTags: undefined,
}
const resources = JSON.parse(JSON.stringify([`${app}/user/alice`, `${app}/channel/${crypto.randomUUID()}`])) as string[]

const contexts = resources.map(resource => ({ ...about, resource }))

function principalWith(permissions: Principal['permissions']): Principal {
  return { arn: 'arn:aws:sts::000000000000:assumed-role/Chat/alice', userId: 'x:alice', tags: new Map([['sub', 'alice']]), permissions }
}

const asks = (who: Principal) => () => contexts.every(context => decide(who, 'chime:SendChannelMessage', context) === 'allowed')

/** IAM's decisions about a call on a channel, in this process. */
export async function authorize(args: string[]) {
  const { values } = parseArgs({
    args,
    options: { rounds: { type: 'string', default: '200' }, times: { type: 'string', default: '1000' } },
  })
  const report = new Report('authorize', values)
  const [policy, all] = [parsePolicy(usual), parsePolicy('{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}')]
  const acts = {
    'decide: the root': asks(rootPrincipal('000000000000')),
    'decide: a policy that allows all': asks(principalWith([[all]])),
    'decide: the usual policy of a user': asks(principalWith([[policy]])),
    'decide: the same under a session policy': asks(principalWith([[policy], [policy]])),
    'parse the usual policy': () => parsePolicy(usual),
  }
  report.table('a decision about two resources', await inProcess(acts, { times: Number(values.times), rounds: Number(values.rounds) }))
  await report.keep()
}
