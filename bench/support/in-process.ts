import { createHash } from 'node:crypto'
import { inRounds, median, rounded, spread } from './rounds.ts'

const sixtyFourBytes = Buffer.alloc(64, 'x')
const yardstick = 'the yardstick: SHA-256 of 64 bytes'

/** Runs functions in this process, in many short rounds: one row for each, in CPU microseconds and against one hash. */
export async function inProcess(acts: Readonly<Record<string, () => unknown>>, { times, rounds }: { times: number; rounds: number }) {
  const measure = (act: () => unknown) => async () => {
    const before = process.cpuUsage()
    for (let index = 0; index < times; index++) act()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / times
  }
  const all: typeof acts = { [yardstick]: () => createHash('sha256').update(sixtyFourBytes).digest(), ...acts }
  const figures = await inRounds(Object.fromEntries(Object.entries(all).map(([kind, act]) => [kind, measure(act)])), rounds)
  const hashes = figures.get(yardstick)!
  return [...figures].map(([kind, each]) => ({
    kind,
    'CPU µs': rounded(median(each), 2),
    least: rounded(Math.min(...each), 2),
    spread: spread(each, 2),
    '× the hash': rounded(median(each.map((one, round) => one / hashes[round]!)), 2),
  }))
}
