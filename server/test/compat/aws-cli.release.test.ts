import { describe, expect, test } from 'vitest'
import { run } from '../support/process.ts'
import { awsCommands, served } from './clients.ts'

interface Answer {
  readonly AppInstanceArn: string
  readonly AppInstanceUserArn: string
  readonly AppInstanceBotArn: string
  readonly ChannelArn: string
  readonly NextToken?: string
  readonly ChannelMemberships: readonly {
    readonly ChannelSummary: { readonly Name: string; readonly LastMessageTimestamp: string | number }
  }[]
}

describe.skipIf(awsCommands.length === 0).each(awsCommands.length > 0 ? awsCommands : ['aws'])('the AWS CLI of %s', aws => {
  test('runs the whole example: identities, a bot, channels, memberships, messages, and a listing page by page', async () => {
    const env = await served()
    const call = async (service: string, operation: string, ...args: string[]): Promise<Answer> => {
      const command = [`chime-sdk-${service}`, operation, '--endpoint-url', env['AWS_ENDPOINT_URL'] ?? '', '--output', 'json', ...args]
      const { code, stdout, stderr } = await run(aws, command, { env })
      if (code !== 0) throw new Error(stderr)
      return JSON.parse(stdout || '{}')
    }
    const { AppInstanceArn: app } = await call('identity', 'create-app-instance', '--name', 'cli')
    const inApp = ['--app-instance-arn', app]
    const newUser = async (id: string) =>
      (await call('identity', 'create-app-instance-user', ...inApp, '--app-instance-user-id', id, '--name', id)).AppInstanceUserArn
    const [alice, bob] = await Promise.all([newUser('us-east-1:alice'), newUser('bob')])
    const lex = 'Lex={LexBotAliasArn=arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/KLMNOPQRST,LocaleId=en_US}'
    const { AppInstanceBotArn: bot } = await call('identity', 'create-app-instance-bot', ...inApp, '--name', 'bot', '--configuration', lex)
    const asAlice = ['--chime-bearer', alice]

    const rest: Promise<unknown>[] = []
    for (const name of ['one', 'two', 'three']) {
      const { ChannelArn } = await call('messaging', 'create-channel', ...inApp, '--name', name, '--member-arns', bob, ...asAlice)
      const inChannel = ['--channel-arn', ChannelArn, ...asAlice]
      rest.push(
        call('messaging', 'create-channel-membership', ...inChannel, '--member-arn', bot, '--type', 'DEFAULT'),
        call('messaging', 'send-channel-message', ...inChannel, '--content', 'héllo', '--type', 'STANDARD', '--persistence', 'PERSISTENT'),
      )
    }
    await Promise.all(rest)

    const list = async (...args: string[]) =>
      call('messaging', 'list-channel-memberships-for-app-instance-user', '--no-paginate', '--max-results', '2', ...args)
    const first = await list('--chime-bearer', bob)
    const second = await list('--chime-bearer', bob, '--next-token', first.NextToken ?? '')
    const names = [first, second].map(page => page.ChannelMemberships.map(entry => entry.ChannelSummary.Name))
    expect(names).toEqual([['one', 'two'], ['three']])
    expect(second.NextToken).toBeUndefined()
    const time = first.ChannelMemberships[0]?.ChannelSummary.LastMessageTimestamp ?? ''
    // The first version of the CLI shows seconds, the second ISO 8601.
    const milliseconds = typeof time === 'number' ? time * 1000 : Date.parse(time)
    expect(Math.abs(milliseconds - Date.now())).toBeLessThan(120_000)
    expect((await list('--chime-bearer', bot)).ChannelMemberships).toHaveLength(2)
    await expect(list('--chime-bearer', bob, '--app-instance-user-arn', alice)).rejects.toThrow(
      /\(ForbiddenException\).*You do not have sufficient access to perform this action/,
    )
  })

  test('shows the Reason of an error if --reason-in-message puts it into the Message', async () => {
    const env = await served(['--reason-in-message', 'on'])
    const arn = 'arn:aws:chime:us-east-1:000000000000:app-instance/none'
    const command = ['chime-sdk-messaging', 'describe-channel', '--endpoint-url', env['AWS_ENDPOINT_URL'] ?? '']
    const { code, stderr } = await run(aws, [...command, '--channel-arn', `${arn}/channel/c`, '--chime-bearer', `${arn}/user/u`], { env })
    expect(code).not.toBe(0)
    expect(stderr).toContain(`HTTP header. Reason: ${arn}/user/u is not a user or bot that exists.`)
  })
})
