import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { migrateSqlite } from '../server/src/store/migrate.ts'
import { SqliteDatabase } from '../server/src/store/sqlite.ts'
import { appInstanceArn, fill as fillStore } from './support/fill.ts'
import { cpuSeconds, machine, start } from './support/process.ts'
import { rootKey } from './support/signed.ts'

const main = new URL('../server/src/main.ts', import.meta.url).pathname
const user = (number: number) => `${appInstanceArn}/user/user-${number}`
const batch = 100

/** An empty store with so many users beside the first one. */
async function prepare(folder: string, users: number) {
  const file = join(folder, 'carillon.db')
  const store = await SqliteDatabase.open(file, { prepare: database => migrateSqlite(database, file), tell: () => {} })
  await fillStore(store, { users, channels: 0, each: 0, large: 0 })
  await store.close()
}

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
  const folder = await mkdtemp(join(tmpdir(), 'carillon-bench-'))
  await prepare(folder, members)
  const environment = { CARILLON_ACCESS_KEY_ID: rootKey.accessKeyId, CARILLON_SECRET_ACCESS_KEY: rootKey.secretAccessKey }
  const target = String(Math.ceil(members / maximum))
  const limits = ['--limit-sub-channels-per-channel', String(maximum), '--limit-memberships-per-sub-channel', target]
  const server = await start([main, 'serve', '--port', '0', '--no-tls', '--data', folder, ...limits], environment, /ready on (http:\S+)/)
  const messaging = new ChimeSDKMessaging({ endpoint: server.url, region: 'us-east-1', credentials: rootKey })
  process.stdout.write(`${JSON.stringify(machine())}\n`)
  try {
    const ChimeBearer = user(1)
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
    const next = () => user(2 + fill.joined++)
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
      const MemberArns = Array.from({ length: batch }, (_, index) => user(2 + index))
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
    await rm(folder, { recursive: true, force: true })
  }
}
