import { parseArgs } from 'node:util'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { appInstanceArn, userArn } from './support/fill.ts'
import { costColumns, counting, medianOf, type Cost } from './support/measured.ts'
import { Report } from './support/report.ts'
import { openSite, type Site } from './support/server.ts'
import { rootKey } from './support/signed.ts'
import { Yardstick } from './support/yardstick.ts'

const batch = 100
const ChimeBearer = userArn(1)

interface Joining extends Cost {
  readonly perSecond: number
}

/** An elastic channel that users join in the order of their numbers. */
class Filling {
  readonly #site: Site
  readonly #messaging: ChimeSDKMessaging
  readonly #channel: string
  joined = 0

  private constructor(site: Site, messaging: ChimeSDKMessaging, channel: string) {
    this.#site = site
    this.#messaging = messaging
    this.#channel = channel
  }

  static async begin(site: Site, messaging: ChimeSDKMessaging, { maximum, target }: { maximum: number; target: number }) {
    const { ChannelArn } = await messaging.createChannel({
      AppInstanceArn: appInstanceArn,
      Name: 'elastic',
      ChimeBearer,
      ElasticChannelConfiguration: {
        MaximumSubChannels: maximum,
        TargetMembershipsPerSubChannel: target,
        MinimumMembershipPercentage: 10,
      },
    })
    return new Filling(site, messaging, ChannelArn!)
  }

  async joinInBatches(until: number) {
    while (this.joined < until) {
      const MemberArns = Array.from({ length: Math.min(batch, until - this.joined) }, () => this.#next())
      const { Errors } = await this.#messaging.batchCreateChannelMembership({ ChannelArn: this.#channel, ChimeBearer, MemberArns })
      if (Errors?.length) throw new Error(JSON.stringify(Errors[0]))
    }
  }

  /** The first joins run in a cold process: users who are members already join again. */
  async warmUp(joins: number) {
    for (let round = 0; round < joins; round += batch) {
      await Promise.all(Array.from({ length: batch }, (_, index) => this.#join(userArn(2 + index))))
    }
  }

  /** Single joins, sixteen in flight; the background work that they cause counts too. */
  async measure(joins: number): Promise<Joining> {
    const costOf = counting(this.#site)
    const started = performance.now()
    const last = this.joined + joins
    const one = async () => {
      while (this.joined < last) await this.#join(this.#next())
    }
    await Promise.all(Array.from({ length: 16 }, one))
    return { ...costOf(joins), perSecond: (joins * 1000) / (performance.now() - started) }
  }

  /** How many members each sub-channel has. */
  async sizes(): Promise<number[]> {
    const sizes: number[] = []
    for (let NextToken: string | undefined, more = true; more; more = NextToken !== undefined) {
      const page = await this.#messaging.listSubChannels({ ChannelArn: this.#channel, ChimeBearer, NextToken })
      sizes.push(...page.SubChannels!.map(({ MembershipCount }) => MembershipCount!))
      NextToken = page.NextToken
    }
    return sizes
  }

  #next() {
    return userArn(2 + this.joined++)
  }

  async #join(MemberArn: string) {
    await this.#messaging.createChannelMembership({ ChannelArn: this.#channel, ChimeBearer, MemberArn, Type: 'DEFAULT' })
  }
}

/** Elastic channels: server CPU a join while one of them fills, which must not grow with the number of members. */
export async function elastic(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      members: { type: 'string', default: '100000' },
      'sub-channels': { type: 'string', default: '100' },
      sample: { type: 'string', default: '500' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
    },
  })
  const [members, sample] = [Number(values.members), Number(values.sample)]
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)]
  const maximum = Number(values['sub-channels'])
  const target = Math.ceil(members / maximum)
  const flags = ['--limit-sub-channels-per-channel', String(maximum), '--limit-memberships-per-sub-channel', String(target)]
  const report = new Report('elastic', values)
  // So many users beside the first one.
  const site = await openSite({ users: members, channels: 0, each: 0, large: 0 }, { flags })
  const yardstick = await Yardstick.start()
  const messaging = new ChimeSDKMessaging({ endpoint: site.server.url, region: 'us-east-1', credentials: rootKey })
  try {
    const filling = await Filling.begin(site, messaging, { maximum, target })
    await filling.joinInBatches(batch)
    await filling.warmUp(2000)
    await yardstick.measure(seconds)
    const rows = []
    for (const [at, from] of [
      ['1 %', members / 100],
      ['50 %', members / 2],
      ['100 %', members - rounds * sample],
    ] as const) {
      await filling.joinInBatches(from)
      const before = filling.joined
      const hellos: Cost[] = []
      const joins: Joining[] = []
      for (let round = 0; round < rounds; round++) {
        hellos.push(await yardstick.measure(seconds))
        joins.push(await filling.measure(sample))
      }
      const hello = medianOf(hellos, one => one.microseconds, 1)
      rows.push({
        at,
        'members before': before,
        ...costColumns(joins, new Map([['hello', hellos]])),
        'hello CPU µs': hello,
        'joins/s': medianOf(joins, one => one.perSecond),
      })
    }
    report.table('a join', rows)
    const sizes = await filling.sizes()
    const sum = sizes.reduce((total, size) => total + size, 0)
    report.tell({ 'sub-channels': sizes.length, members: sum, 'in the largest': Math.max(...sizes) })
    if (sum !== members) throw new Error(`${members} have joined, ${sum} are counted`)
    await report.keep()
  } finally {
    messaging.destroy()
    await yardstick.stop()
    await site.close()
  }
}
