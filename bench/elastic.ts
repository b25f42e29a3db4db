import { parseArgs } from 'node:util'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { appInstanceArn, userArn } from './support/fill.ts'
import { cpuSeconds, machine } from './support/process.ts'
import { filledFolder, removeFolder, serve } from './support/server.ts'
import { rootKey } from './support/signed.ts'

const batch = 100

/** Elastic channels: server CPU a join while one of them fills, which must not grow with how many members it has. */
export async function elastic(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      members: { type: 'string', default: '100000' },
      'sub-channels': { type: 'string', default: '100' },
      sample: { type: 'string', default: '2000' },
    },
  })
  const members = Number(values.members)
  const maximum = Number(values['sub-channels'])
  const sample = Number(values.sample)
  // So many users beside the first one.
  const folder = await filledFolder({ users: members, channels: 0, each: 0, large: 0 })
  const target = String(Math.ceil(members / maximum))
  const flags = ['--limit-sub-channels-per-channel', String(maximum), '--limit-memberships-per-sub-channel', target]
  const server = await serve(folder, { flags })
  const messaging = new ChimeSDKMessaging({ endpoint: server.url, region: 'us-east-1', credentials: rootKey })
  process.stdout.write(`${JSON.stringify(machine())}\n`)
  try {
    const ChimeBearer = userArn(1)
    const { ChannelArn } = await messaging.createChannel({
      AppInstanceArn: appInstanceArn,
      Name: 'elastic',
      ChimeBearer,
      ElasticChannelConfiguration: {
        MaximumSubChannels: maximum,
        TargetMembershipsPerSubChannel: Number(target),
        MinimumMembershipPercentage: 10,
      },
    })
    const fill = { joined: 0 }
    const next = () => userArn(2 + fill.joined++)
    const joinInBatches = async (until: number) => {
      while (fill.joined < until) {
        const MemberArns = Array.from({ length: Math.min(batch, until - fill.joined) }, next)
        const { Errors } = await messaging.batchCreateChannelMembership({ ChannelArn, ChimeBearer, MemberArns })
        if (Errors?.length) throw new Error(JSON.stringify(Errors[0]))
      }
    }
    /** Single joins, sixteen in flight; what they have set off in the background counts too. */
    const measure = async (at: string) => {
      const before = cpuSeconds(server.pid)
      const started = performance.now()
      const last = fill.joined + sample
      const one = async () => {
        while (fill.joined < last) await messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn: next(), Type: 'DEFAULT' })
      }
      await Promise.all(Array.from({ length: 16 }, one))
      const seconds = (performance.now() - started) / 1000
      const microseconds = ((cpuSeconds(server.pid) - before) * 1e6) / sample
      return { at, 'members before': last - sample, 'CPU µs a join': Math.round(microseconds), 'joins/s': Math.round(sample / seconds) }
    }
    // The first joins pay for a cold process: they are made again in what is measured.
    await joinInBatches(batch)
    for (let round = 0; round < 2000; round += batch) {
      const MemberArns = Array.from({ length: batch }, (_, index) => userArn(2 + index))
      await Promise.all(
        MemberArns.map(async MemberArn => messaging.createChannelMembership({ ChannelArn, ChimeBearer, MemberArn, Type: 'DEFAULT' })),
      )
    }
    const figures = []
    for (const [at, from] of [
      ['1 %', members / 100],
      ['50 %', members / 2],
      ['100 %', members - sample],
    ] as const) {
      await joinInBatches(from)
      figures.push(await measure(at))
    }
    console.table(figures)
    const sizes: number[] = []
    for (let NextToken: string | undefined, more = true; more; more = NextToken !== undefined) {
      const page = await messaging.listSubChannels({ ChannelArn, ChimeBearer, NextToken })
      sizes.push(...page.SubChannels!.map(({ MembershipCount }) => MembershipCount!))
      NextToken = page.NextToken
    }
    const sum = sizes.reduce((total, size) => total + size, 0)
    process.stdout.write(`${JSON.stringify({ subChannels: sizes.length, members: sum, largest: Math.max(...sizes) })}\n`)
    if (sum !== members) throw new Error(`${members} have joined, ${sum} are counted`)
  } finally {
    await server.stop()
    messaging.destroy()
    await removeFolder(folder)
  }
}
