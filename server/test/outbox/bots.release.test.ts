import { expect, test } from 'vitest'
import { until } from '../support/processor.ts'
import { keyVariables, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { clientsOf, makersOf } from '../support/world.ts'

const LexBotAliasArn = 'arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST'

test('a bot whose Lex rejects its credentials for a time is invoked again, and then says so', async () => {
  const broken = { AWS_PROFILE: 'missing', AWS_EC2_METADATA_DISABLED: 'true', HOME: await temporaryFolder() }
  const server = serve(['--port', '0', '--data', await temporaryFolder()], { env: { ...keyVariables, ...broken } })
  const { identity, messaging } = clientsOf({ url: await server.url(), rootKey })
  const { arn, user } = await makersOf(identity).appInstance(['ann'])
  const ChimeBearer = user('ann')
  const Configuration = { Lex: { LexBotAliasArn, LocaleId: 'en_US' } }
  const { AppInstanceBotArn } = await identity.createAppInstanceBot({ AppInstanceArn: arn, Configuration })
  const MemberArns = [AppInstanceBotArn!]
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn: arn, Name: 'x', MemberArns, ChimeBearer })
  await messaging.sendChannelMessage({ ChannelArn, Content: 'one', Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer })
  const contents = async () =>
    (await messaging.listChannelMessages({ ChannelArn, ChimeBearer })).ChannelMessages!.map(({ Content }) => Content)
  await until(async () => (await contents()).includes('{"Code":429}'))
  expect(server.stderr.match(/A delivery has failed and will be retried/g)!.length).toBeGreaterThan(2)
})
