import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { channelArn, membersByChannel, userArn } from './support/fill.ts'
import { loading, medianOf, ratioOf, spreadOf, type Measured } from './support/measured.ts'
import { messagesOf } from './support/messages.ts'
import { cpuSeconds, type Started } from './support/process.ts'
import { Report } from './support/report.ts'
import { inRounds, middleHalf, rounded, spread } from './support/rounds.ts'
import { removeFolder, serve, type Site } from './support/server.ts'
import * as here from './support/server.ts'
import { signedGet } from './support/signed.ts'

const root = resolve(import.meta.dirname, '..')
const run = promisify(execFile)

const lockOf = async (tree: string) => readFile(join(tree, 'package-lock.json'), 'utf8')

/** A checkout of a revision beside this one, with the packages of this one where both have the same. */
async function checkout(revision: string) {
  const tree = await mkdtemp(join(tmpdir(), 'carillon-ab-'))
  await run('git', ['worktree', 'add', '--detach', '--force', tree, revision], { cwd: root })
  if ((await lockOf(tree)) === (await lockOf(root))) await symlink(join(root, 'node_modules'), join(tree, 'node_modules'))
  else await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: tree })
  const { filledFolder, serve } = (await import(join(tree, 'bench/support/server.ts'))) as typeof here
  return { filledFolder, serve, remove: async () => run('git', ['worktree', 'remove', '--force', tree], { cwd: root }) }
}

const siteOf = (server: Started): Site => ({
  server,
  cpu: () => ({ server: cpuSeconds(server.pid), database: 0 }),
  storedBytes: async () => 0,
  databaseUrl: undefined,
  close: async () => server.stop(),
})

/** The measurements of a server. */
async function kindsOf(site: Site, people: readonly (readonly number[])[], seconds: number) {
  const { url } = site.server
  const each = async (make: (channel: number, bearer: string) => Promise<Buffer>) =>
    Promise.all(people.map(async (members, index) => make(index + 1, userArn(members[0]!))))
  const describe = await each(async (channel, bearer) => signedGet(url, `/channels/${encodeURIComponent(channelArn(channel))}`, {}, bearer))
  const page = await each(async (_, bearer) => signedGet(url, '/channels', { scope: 'app-instance-user-memberships' }, bearer))
  return {
    DescribeChannel: loading(site, describe, seconds),
    'page of 50': loading(site, page, seconds),
    'message nobody hears': loading(site, messagesOf(url, people), seconds),
  }
}

/**
 * Another revision and this tree, or two other revisions, in alternating runs over copies of one store: `npm run bench -- ab REVISION
 * [REVISION]`. `--kinds` measures only the kinds with that text in their names. SQLite.
 */
export async function ab(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      channels: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '9' },
      kinds: { type: 'string', default: '' },
    },
  })
  const [revision = 'HEAD', other] = positionals
  const later = other ?? 'this tree'
  const channels = Number(values.channels)
  const shape = { users: channels, channels, each: 50, large: 0, messages: 1 }
  const report = new Report('ab', { revision, later, ...values })
  const there = await checkout(revision)
  const current = other === undefined ? { serve, remove: async () => {} } : await checkout(other)
  const folder = await there.filledFolder(shape)
  const copy = await mkdtemp(join(tmpdir(), 'carillon-bench-'))
  const sites: Site[] = []
  try {
    await cp(folder, copy, { recursive: true })
    sites.push(siteOf(await there.serve(folder)), siteOf(await current.serve(copy)))
    const people = membersByChannel(shape)
    const [before, after] = await Promise.all(sites.map(site => kindsOf(site, people, Number(values.seconds))))
    const names = (Object.keys(after!) as (keyof NonNullable<typeof after>)[]).filter(name => name.includes(values.kinds))
    const kinds = Object.fromEntries(
      names.flatMap(name => [
        [`${name} at ${revision}`, before![name]],
        [name, after![name]],
      ]),
    )
    const figures = await inRounds<Measured>(kinds, Number(values.rounds))
    report.table(
      `${later} against ${revision}`,
      names.map(name => {
        const [old, now] = [figures.get(`${name} at ${revision}`)!, figures.get(name)!]
        const ratios = now.map((one, round) => one.microseconds / old[round]!.microseconds)
        return {
          kind: name,
          [`CPU µs at ${revision}`]: medianOf(old, one => one.microseconds, 1),
          'CPU µs': medianOf(now, one => one.microseconds, 1),
          ratio: rounded(ratioOf(now, old, 3), 3),
          'spread of the ratio': spread(ratios, 2),
          'its middle half': middleHalf(ratios, 2),
          'requests/s before': medianOf(old, one => one.requests / one.seconds),
          'requests/s': medianOf(now, one => one.requests / one.seconds),
          'p99 ms before': medianOf(old, one => one.p99, 2),
          'p99 ms': medianOf(now, one => one.p99, 2),
          spread: spreadOf(now, one => one.microseconds),
        }
      }),
    )
    await report.keep()
  } finally {
    for (const site of sites) await site.close()
    await removeFolder(folder)
    await removeFolder(copy)
    await there.remove()
    await current.remove()
  }
}
