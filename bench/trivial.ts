import { parseArgs } from 'node:util'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { channelArn, membersByChannel, userArn } from './support/fill.ts'
import { loading, loadRows } from './support/measured.ts'
import { Report } from './support/report.ts'
import { inRounds } from './support/rounds.ts'
import { openSite } from './support/server.ts'
import { rootKey, signedGet } from './support/signed.ts'
import { Yardstick } from './support/yardstick.ts'

const path = (channel: string) => `/channels/${encodeURIComponent(channel)}`

/** Calls that read one thing: the cost of a request before it does anything of its own. */
export async function trivial(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      channels: { type: 'string', default: '1000' },
      members: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '7' },
      postgres: { type: 'boolean', default: false },
    },
  })
  const channels = Number(values.channels)
  const seconds = Number(values.seconds)
  const shape = { users: channels * Number(values.members), channels, each: 1, large: 0, messages: 10 }
  const report = new Report(values.postgres ? 'trivial-postgres' : 'trivial', values)
  const site = await openSite(shape, values)
  const yardstick = await Yardstick.start()
  try {
    const { url } = site.server
    const people = membersByChannel(shape)
    const client = new ChimeSDKMessaging({ endpoint: url, region: 'us-east-1', credentials: rootKey })
    const each = async (make: (channel: string, bearer: string) => Promise<Buffer>) =>
      Promise.all(people.map((members, index) => make(channelArn(index + 1), userArn(members[0]!))))
    const messageOf = async (channel: string, bearer: string) => {
      const { ChannelMessages } = await client.listChannelMessages({ ChannelArn: channel, ChimeBearer: bearer, MaxResults: 1 })
      return ChannelMessages![0]!.MessageId!
    }
    const requests = {
      DescribeChannel: await each(async (channel, bearer) => signedGet(url, path(channel), {}, bearer)),
      GetChannelMessage: await each(async (channel, bearer) =>
        signedGet(url, `${path(channel)}/messages/${await messageOf(channel, bearer)}`, {}, bearer),
      ),
      DescribeChannelMembership: await each(async (channel, bearer) =>
        signedGet(url, `${path(channel)}/memberships/${encodeURIComponent(bearer)}`, {}, bearer),
      ),
      ListChannelMessages: await each(async (channel, bearer) =>
        signedGet(url, `${path(channel)}/messages`, { 'max-results': '10' }, bearer),
      ),
    }
    client.destroy()
    const figures = await inRounds(
      {
        hello: () => yardstick.measure(seconds),
        ...Object.fromEntries(Object.entries(requests).map(([name, list]) => [name, loading(site, list, seconds)])),
      },
      Number(values.rounds),
    )
    report.table('calls that read one thing', loadRows(figures))
    await report.keep()
  } finally {
    await yardstick.stop()
    await site.close()
  }
}
