import { parseArgs } from 'node:util'
import { userArn, type Shape } from './support/fill.ts'
import { loading, loadRows, ratioOf } from './support/measured.ts'
import { Report } from './support/report.ts'
import { inRounds } from './support/rounds.ts'
import { openSite, type Site } from './support/server.ts'
import { signedGet } from './support/signed.ts'
import { Yardstick } from './support/yardstick.ts'

/** How many users take turns. */
const asking = 500

async function pagesOf({ server: { url } }: Site, { users }: Shape, path: string, query: Record<string, string> = {}) {
  const each = Array.from({ length: Math.min(users, asking) }, (_, index) => userArn(2 + ((index * 499) % users)))
  return Promise.all(each.map(async user => signedGet(url, path, query, user)))
}

/** A page of 50 channels with unread counts beside the plain page, where all is read and where much is unread. */
export async function unread(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      users: { type: 'string', default: '2000' },
      channels: { type: 'string', default: '5000' },
      messages: { type: 'string', default: '100' },
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '7' },
      postgres: { type: 'boolean', default: false },
    },
  })
  const [seconds, messages] = [Number(values.seconds), Number(values.messages)]
  const shape = { users: Number(values.users), channels: Number(values.channels), each: 50, large: 0, messages }
  const report = new Report(values.postgres ? 'unread-postgres' : 'unread', values)
  const yardstick = await Yardstick.start()
  const read = await openSite(shape, values)
  const behind = await openSite({ ...shape, unread: messages - 1 }, values)
  const kindsOf = async (site: Site, what: string) => ({
    [`plain, ${what}`]: loading(site, await pagesOf(site, shape, '/channels', { scope: 'app-instance-user-memberships' }), seconds),
    [`with counts, ${what}`]: loading(site, await pagesOf(site, shape, '/carillon/unread-counts'), seconds),
    [`with first unread, ${what}`]: loading(
      site,
      await pagesOf(site, shape, '/carillon/unread-counts', { 'include-first-unread': 'true' }),
      seconds,
    ),
    [`by last message, ${what}`]: loading(
      site,
      await pagesOf(site, shape, '/carillon/unread-counts', { 'sort-by': 'LAST_MESSAGE' }),
      seconds,
    ),
    [`summary, ${what}`]: loading(site, await pagesOf(site, shape, '/carillon/unread-summary'), seconds),
  })
  try {
    const kinds = { ...(await kindsOf(read, 'all read')), ...(await kindsOf(behind, 'much unread')) }
    const figures = await inRounds({ hello: () => yardstick.measure(seconds), ...kinds }, Number(values.rounds))
    const ratio = (what: string) => ratioOf(figures.get(`with counts, ${what}`)!, figures.get(`plain, ${what}`)!, 2)
    report.tell({
      'messages of a channel': messages,
      'with counts ÷ plain, all read': ratio('all read'),
      'with counts ÷ plain, all but one unread': ratio('much unread'),
    })
    report.table('a page of 50 memberships', loadRows(figures))
    await report.keep()
  } finally {
    await behind.close()
    await read.close()
    await yardstick.stop()
  }
}
