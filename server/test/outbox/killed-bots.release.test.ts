import { expect, onTestFinished, test } from 'vitest'
import { plain, startLex } from '../support/lex.ts'
import { keyVariables, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { until } from '../support/processor.ts'
import { clientsOf, createPostgresDatabase, databaseKinds, makersOf, masterKey } from '../support/world.ts'

const LexBotAliasArn = 'arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST'

test.each(databaseKinds)(
  'a node that is killed once Lex has answered, before or after the reply is stored, leaves exactly one reply, on %s',
  async kind => {
    const lex = await startLex()
    onTestFinished(() => lex.close())
    const where = kind === 'postgres' ? ['--database-url', await createPostgresDatabase()] : ['--data', await temporaryFolder()]
    const env = { ...keyVariables, CARILLON_MASTER_KEY: masterKey }
    const start = async () => {
      const program = serve(['--port', '0', '--lex-endpoint', lex.url, ...where], { env })
      return { program, ...clientsOf({ url: await program.url(), rootKey }) }
    }
    let server = await start()
    const { arn: AppInstanceArn, user } = await makersOf(server.identity).appInstance(['ann'])
    const { AppInstanceBotArn } = await server.identity.createAppInstanceBot({
      AppInstanceArn,
      Configuration: { Lex: { LexBotAliasArn, LocaleId: 'en_US' } },
    })
    const ChimeBearer = user('ann')
    const channel = async () => {
      const given = { AppInstanceArn, Name: 'channel', ChimeBearer, MemberArns: [AppInstanceBotArn!] }
      return (await server.messaging.createChannel(given)).ChannelArn!
    }
    const channels: string[] = []
    while (channels.length < 20) channels.push(await channel())
    const sent = new Map<string, string[]>(channels.map(ChannelArn => [ChannelArn, []]))
    const say = async (ChannelArn: string, Content: string) => {
      const message = { ChannelArn, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer } as const
      sent.get(ChannelArn)!.push((await server.messaging.sendChannelMessage(message)).MessageId!)
    }
    for (let kills = 0; kills < 2; kills++) {
      // Some of the twenty answers are on their way when the node ends, and others are stored.
      const wanted = lex.calls.length + 10
      lex.answer = (_, number) => {
        if (number === wanted) setTimeout(() => server.program.kill('SIGKILL'), kills * 5)
        return plain('answer')
      }
      await Promise.all(channels.map(async ChannelArn => say(ChannelArn, String(kills)).catch(() => {})))
      await server.program.exit()
      server = await start()
    }
    const repliesIn = async (ChannelArn: string) => {
      const { ChannelMessages } = await server.messaging.listChannelMessages({ ChannelArn, ChimeBearer })
      return ChannelMessages!.filter(({ Sender }) => Sender!.Arn === AppInstanceBotArn)
    }
    const originOf = ({ MessageAttributes }: Awaited<ReturnType<typeof repliesIn>>[number]) =>
      MessageAttributes!['CHIME.LEX.sessionState.originatingRequestId']!.StringValues![0]!
    for (const [ChannelArn, ids] of sent) {
      // With PostgreSQL the leases of a killed node end after five seconds.
      const answered = await until(async () => {
        const origins = (await repliesIn(ChannelArn)).map(originOf)
        return ids.every(id => origins.includes(id)) ? origins : undefined
      })
      expect(new Set(answered).size).toBe(answered.length)
    }
    const repeated = lex.calls.length - [...sent.values()].flat().length
    expect(repeated).toBeGreaterThan(0)
    server.program.kill('SIGTERM')
    expect(await server.program.exit()).toBe(0)
  },
)
