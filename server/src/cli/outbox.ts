import type { Command } from 'commander'
import type { Database } from '../database/database.ts'
import { invocationKind } from '../events/flows.ts'
import { decideOn, decideOnFirst, dropping, retrying } from '../domain/dead-entries.ts'
import { laneFigures } from '../domain/lane-figures.ts'
import { emptyLane, partsOfLane } from '../store/outbox.ts'
import { deadAfter } from '../store/outbox-dead.ts'
import { addSettings } from './settings.ts'
import { columns, withDatabase } from './with-database.ts'

/** The most entries that one transaction moves, so that other transactions do not wait long. */
const step = 500

const print = (text: string) => process.stdout.write(text)
const time = (at: number | undefined) => (at === undefined ? 'never' : new Date(at).toISOString())
const namesOfLanes = 'carillon outbox status has the names of the lanes.'
/** JSON without characters that a terminal would carry out; JSON.stringify escapes the other half of them. */
const printable = (json: string) => json.replaceAll(/[\u007f-\u009f]/g, character => `\\u00${character.charCodeAt(0).toString(16)}`)
/** The attempts of streams are not counted. */
const afterTries = (attempts: number) => (attempts === 0 ? '' : ` after ${attempts} ${attempts === 1 ? 'try' : 'tries'}`)
const count = (entries: number) => `${entries} ${entries === 1 ? 'entry' : 'entries'}`

async function status(flags: object) {
  await withDatabase(flags, async db => {
    const lanes = await laneFigures(db, Date.now())
    if (lanes.length === 0) {
      print('The outbox is empty, and nothing has left it recently.\n')
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
    for (const { lane, pause } of lanes)
      if (pause) print(`\n${lane} pauses until ${time(pause.until)}, as its destination has asked: ${pause.why}\n`)
  })
}

async function list({ lane, ...flags }: { lane?: string }) {
  await withDatabase(flags, async db => {
    let after = 0
    for (;;) {
      const entries = await deadAfter(db, after, step, lane)
      if (entries.length === 0) break
      after = entries.at(-1)!.id
      for (const { id, lane, attempts, createdAt, diedAt, error, payload } of entries)
        print(
          `${id}  ${lane}\n    from ${time(createdAt)}, given up ${time(diedAt)}${afterTries(attempts)}: ${error}\n    ${printable(payload)}\n`,
        )
    }
    if (after > 0) return
    print(lane === undefined ? 'There are no dead entries.\n' : `There are no dead entries of the lane ${lane}. ${namesOfLanes}\n`)
  })
}

/** The chosen dead entries: those with the numbers, those of the lane, or all. */
interface Choice {
  readonly lane?: string | undefined
  readonly all?: boolean | undefined
  readonly waiting?: boolean | undefined
}

/** Applies a decision to the chosen entries, and prints how many there were. Throws if there is no dead entry of one of the numbers. */
async function decided(
  db: Database,
  ids: readonly string[],
  { lane, all, decide, said }: Choice & { readonly decide: Parameters<typeof decideOn>[2]; readonly said: string },
) {
  const wrong = ids.find(id => !/^[1-9]\d{0,14}$/.test(id))
  if (wrong !== undefined) throw new Error(`${wrong} is not the number of an entry. carillon outbox list shows the numbers.`)
  if (ids.length > 0) {
    const different = [...new Set(ids.map(Number))]
    const found = await decideOn(db, different, decide)
    print(`${count(found)} ${said}\n`)
    if (found === different.length) return
    throw new Error(`${different.length - found} of the numbers are not those of dead entries. carillon outbox list shows the numbers.`)
  }
  if (lane === undefined && all !== true) throw new Error('Name the entries by their numbers, or give --lane LANE or --all.')
  const until = Date.now()
  let done = 0
  for (let hasMore = true; hasMore;) {
    const some = await decideOnFirst(db, { lane, until }, decide)
    done += some.count
    hasMore = some.hasMore
  }
  print(`${count(done)} ${said}\n`)
}

async function retry(ids: readonly string[], { lane, all, ...flags }: Choice) {
  await withDatabase(flags, async db => {
    await decided(db, ids, { lane, all, decide: retrying(Date.now()), said: 'will be delivered again, after what waits in the lane.' })
  })
}

async function drop(ids: readonly string[], { lane, all, waiting, ...flags }: Choice) {
  await withDatabase(flags, async db => {
    if (!waiting) {
      await decided(db, ids, { lane, all, decide: dropping, said: 'dropped.' })
      return
    }
    if (lane === undefined || ids.length > 0)
      throw new Error(
        "--waiting drops what waits in one lane: give --lane 'LANE', in quotes since its name contains a blank, and nothing else.",
      )
    if (partsOfLane(lane).kind === invocationKind)
      throw new Error(
        'An entry for a processor of a channel flow cannot be dropped, since its message would wait for ever. After three attempts the FallbackAction of the processor decides.',
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
  const outbox = program.command('outbox').description('show the deliveries that wait or have failed, and deliver or drop dead ones')
  addSettings(
    outbox.command('status').description('print how many entries wait in each lane, its last success and failure, and its pause'),
  ).action(status)
  addSettings(
    outbox
      .command('list')
      .description('print the dead entries: those that were given up')
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
      .option('--waiting', 'removes the entries that wait in the lane instead, undelivered'),
  ).action(drop)
}
