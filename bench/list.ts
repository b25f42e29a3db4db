import { parseArgs } from 'node:util'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { membershipsOf, userArn, type Shape } from './support/fill.ts'
import { loading, loadRows, ratioOf } from './support/measured.ts'
import { residentMebibytes } from './support/process.ts'
import { Report } from './support/report.ts'
import { inRounds, rounded } from './support/rounds.ts'
import { openSite, type Site } from './support/server.ts'
import { rootKey, signedGet } from './support/signed.ts'
import { Yardstick } from './support/yardstick.ts'

const path = '/channels'
const scope = { scope: 'app-instance-user-memberships' }
/** How many users take turns. */
const users = 4000

async function tokenOfLastPage(endpoint: string): Promise<string> {
  const client = new ChimeSDKMessaging({ endpoint, region: 'us-east-1', credentials: rootKey })
  try {
    let last: string | undefined
    for (let more = true; more;) {
      const page = await client.listChannelMembershipsForAppInstanceUser({ ChimeBearer: userArn(1), NextToken: last })
      more = page.NextToken !== undefined
      last = page.NextToken ?? last
    }
    return last!
  } finally {
    client.destroy()
  }
}

/** The pages of many users in turn, the first and the deepest page of the user of very many channels. */
async function pagesOf({ server: { url } }: Site, shape: Shape) {
  const page = (user: number, query: Record<string, string> = {}) => signedGet(url, path, { ...query, ...scope }, userArn(user))
  const everyone = Array.from({ length: Math.min(shape.users, users) }, (_, index) => page(2 + ((index * 4999) % shape.users)))
  return {
    'many users': await Promise.all(everyone),
    'first page of the large user': [await page(1)],
    'last page of the large user': [await page(1, { 'next-token': await tokenOfLastPage(url) })],
  }
}

/** The main job: server CPU a page against a bare node:http server in the same run, in a large store and in a small one. */
export async function list(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      users: { type: 'string', default: '20000' },
      memberships: { type: 'string', default: '50' },
      channels: { type: 'string', default: '50000' },
      large: { type: 'string', default: '20000' },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '5' },
      postgres: { type: 'boolean', default: false },
    },
  })
  const seconds = Number(values.seconds)
  const shapes = {
    large: {
      users: Number(values.users),
      each: Number(values.memberships),
      channels: Number(values.channels),
      large: Number(values.large),
    },
    small: { users: 20, each: 50, channels: 1000, large: 1000 },
  }
  const report = new Report(values.postgres ? 'list-postgres' : 'list', values)
  const yardstick = await Yardstick.start()
  const large = await openSite(shapes.large, values)
  const small = await openSite(shapes.small, values)
  try {
    const [bytes, memberships] = [await large.storedBytes(), membershipsOf(shapes.large)]
    const ofLarge = Object.entries(await pagesOf(large, shapes.large))
    const ofSmall = Object.entries(await pagesOf(small, shapes.small))
    const figures = await inRounds(
      {
        hello: () => yardstick.measure(seconds),
        ...Object.fromEntries(ofLarge.map(([kind, pages]) => [kind, loading(large, pages, seconds)])),
        ...Object.fromEntries(ofSmall.map(([kind, pages]) => [`small store: ${kind}`, loading(small, pages, seconds)])),
      },
      Number(values.rounds),
    )
    report.tell({
      memberships,
      'memberships of the small store': membershipsOf(shapes.small),
      'MB on disk': rounded(bytes / 1e6),
      'bytes a membership': Math.round(bytes / memberships),
      'resident MiB': residentMebibytes(large.server.pid),
      'resident MiB, small store': residentMebibytes(small.server.pid),
      'large store ÷ small store': ratioOf(figures.get('many users')!, figures.get('small store: many users')!, 2),
      'last page ÷ first page': ratioOf(figures.get('last page of the large user')!, figures.get('first page of the large user')!, 2),
    })
    report.table('a page of 50 memberships', loadRows(figures))
    await report.keep()
  } finally {
    await small.close()
    await large.close()
    await yardstick.stop()
  }
}
