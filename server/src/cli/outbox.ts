import type { Command } from 'commander'
import type { Database } from '../database/database.ts'
import { invocationKind } from '../events/flows.ts'
import { laneFigures } from '../outbox/lane-figures.ts'
import { emptyLane, outboxFigures, partsOfLane } from '../store/outbox.ts'
import { deadAfter, deadFigures, dropDead, reviveDead, type DeadEntry } from '../store/outbox-dead.ts'
import { laneStates } from '../store/outbox-lanes.ts'
import { addSettings } from './settings.ts'
import { columns, withDatabase } from './with-database.ts'

/** How many entries one transaction moves at the most, so that nobody waits long for the writer. */
const step = 500

const print = (text: string) => process.stdout.write(text)
const time = (at: number | undefined) => (at === undefined ? 'never' : new Date(at).toISOString())
const count = (entries: number) => `${entries} ${entries === 1 ? 'entry' : 'entries'}`

async function status(flags: object) {
  await withDatabase(flags, async db => {
    const [waiting, dead, states] = [await outboxFigures(db), await deadFigures(db), await laneStates(db)]
    const lanes = laneFigures({ waiting, dead, states }, Date.now())
    if (lanes.length === 0) {
      print('The outbox is empty, and nothing has left it lately.\n')
      return
    }
    const rows = lanes.map(each => [
      each.lane,
      String(each.entries),
      each.entries === 0 ? '-' : `${Math.round(each.seconds)} s`,
      String(each.dead),
      time(each.deliveredAt),
      time(each.failedAt),
    ])
    print(columns([['LANE', 'WAITING', 'OLDEST', 'DEAD', 'LAST SUCCESS', 'LAST FAILURE'], ...rows]))
    for (const { lane, error, failedAt = 0, deliveredAt = 0 } of lanes)
      if (error !== undefined && failedAt >= deliveredAt) print(`\n${lane} fails: ${error}\n`)
  })
}

/** The dead entries of a lane, or of all lanes. */
async function* deadEntries(db: Database, lane: string | undefined): AsyncGenerator<DeadEntry> {
  let after = 0
  for (;;) {
    const entries = await deadAfter(db, after, step)
    if (entries.length === 0) return
    after = entries.at(-1)!.id
    for (const entry of entries) if (lane === undefined || entry.lane === lane) yield entry
  }
}

async function list({ lane, ...flags }: { lane?: string }) {
  await withDatabase(flags, async db => {
    let entries = 0
    for await (const entry of deadEntries(db, lane)) {
      entries++
      const { id, attempts, createdAt, diedAt, error, payload } = entry
      print(
        `${id}  ${entry.lane}\n    from ${time(createdAt)}, given up ${time(diedAt)} after ${attempts} tries: ${error}\n    ${payload}\n`,
      )
    }
    if (entries === 0) print('There are no dead entries.\n')
  })
}

/** Which dead entries are meant: those of the numbers, of the lane, or all. */
interface Choice {
  readonly lane?: string | undefined
  readonly all?: boolean | undefined
  readonly waiting?: boolean | undefined
}

async function chosen(db: Database, ids: readonly string[], { lane, all }: Choice): Promise<number[]> {
  const wrong = ids.find(id => !/^[1-9]\d{0,14}$/.test(id))
  if (wrong !== undefined) throw new Error(`${wrong} is not the number of an entry. carillon outbox list shows the numbers.`)
  if (ids.length > 0) return ids.map(Number)
  if (lane === undefined && all !== true) throw new Error('Name the entries by their numbers, or give --lane LANE or --all.')
  const found = []
  for await (const { id } of deadEntries(db, lane)) found.push(id)
  return found
}

/** Applies it to each entry, in small transactions. */
async function each(db: Database, ids: readonly number[], act: (tx: Parameters<typeof dropDead>[0], id: number) => Promise<boolean>) {
  let done = 0
  for (let at = 0; at < ids.length; at += step) {
    done += await db.transaction(async tx => {
      let moved = 0
      for (const id of ids.slice(at, at + step)) if (await act(tx, id)) moved++
      return moved
    })
  }
  return done
}

async function retry(ids: readonly string[], { lane, all, ...flags }: Choice) {
  await withDatabase(flags, async db => {
    const now = Date.now()
    const done = await each(db, await chosen(db, ids, { lane, all }), (tx, id) => reviveDead(tx, id, now))
    print(`${count(done)} will be delivered again, after what waits in the lane.\n`)
  })
}

async function drop(ids: readonly string[], { lane, all, waiting, ...flags }: Choice) {
  await withDatabase(flags, async db => {
    if (!waiting) {
      print(`${count(await each(db, await chosen(db, ids, { lane, all }), dropDead))} dropped.\n`)
      return
    }
    if (lane === undefined || ids.length > 0) throw new Error('--waiting drops what waits in one lane: give --lane LANE and no numbers.')
    if (partsOfLane(lane).kind === invocationKind)
      throw new Error(
        'What waits for a processor of a channel flow cannot be dropped, since its message would wait for ever. After three tries the FallbackAction of the processor decides.',
      )
    let dropped = 0
    for (let more = step; more === step; dropped += more) more = await db.transaction(tx => emptyLane(tx, lane, step))
    print(`${count(dropped)} that waited dropped.\n`)
  })
}

const lane = ['--lane <lane>', 'of this lane only, as `outbox status` names it'] as const
const all = ['--all', 'of all lanes'] as const

/** Adds `carillon outbox status|list|retry|drop`. */
export function addOutbox(program: Command) {
  const outbox = program.command('outbox').description('look at what leaves the server, and decide on what could not be delivered')
  addSettings(outbox.command('status').description('print how much waits in each lane, and how its deliveries have gone')).action(status)
  addSettings(
    outbox
      .command('list')
      .description('print the dead entries: what was given up')
      .option(...lane),
  ).action(list)
  addSettings(
    outbox
      .command('retry [numbers...]')
      .description('deliver dead entries again')
      .option(...lane)
      .option(...all),
  ).action(retry)
  addSettings(
    outbox
      .command('drop [numbers...]')
      .description('remove dead entries for good')
      .option(...lane)
      .option(...all)
      .option('--waiting', 'removes what waits in the lane instead: nothing of it is delivered'),
  ).action(drop)
}
