import { randomInt } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { faults } from './chaos/faults.ts'
import { chaos as runPlan, chosenFaults } from './chaos/run.ts'
import { Report } from './support/report.ts'

const milliseconds = (values: readonly number[], at: number) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * at)]

/**
 * Faults of every kind, one after the other, on real nodes, PostgreSQL and NATS, while stock clients send and listen. The whole history is
 * checked. `--only` names one kind of fault, `--seed` repeats the choices of a run.
 */
export async function chaos(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string' },
      faults: { type: 'string', default: '30' },
      only: { type: 'string' },
      nodes: { type: 'string', default: '3' },
      lasts: { type: 'string', default: '10000' },
      bound: { type: 'string', default: '60000' },
      history: { type: 'string' },
    },
  })
  const seed = Number(values.seed ?? randomInt(2 ** 31))
  const count = Number(values.faults)
  const { only } = values
  if (only !== undefined && !(only in faults)) throw new Error(`--only is one of: ${Object.keys(faults).join(', ')}`)
  const options = { seed, faults: count, only, nodes: Number(values.nodes), lasts: Number(values.lasts), bound: Number(values.bound) }
  const report = new Report('chaos', options)
  report.tell({ seed })
  const { found, history } = await runPlan({
    seed,
    faults: only === undefined ? chosenFaults(seed, count) : Array.from({ length: count }, () => only),
    nodes: options.nodes,
    lastsMilliseconds: options.lasts,
    boundMilliseconds: options.bound,
    say: line => void process.stdout.write(`${line}\n`),
  })
  if (values.history !== undefined) await writeFile(values.history, JSON.stringify(history))
  const kinds = Map.groupBy(history.recoveries, ({ fault }) => fault.replace(/^\d+ /, ''))
  report.table(
    'well again after the end of a fault, in milliseconds',
    [...kinds].map(([fault, all]) => {
      const times = all.map(recovery => recovery.milliseconds)
      return { fault, times: times.length, p50: milliseconds(times, 0.5), most: Math.max(...times) }
    }),
  )
  report.tell({
    sent: history.sent.length,
    acknowledged: history.sent.filter(({ ackedAt }) => ackedAt !== undefined).length,
    edits: history.edits.length,
    sockets: history.sockets.length,
    heard: history.sockets.reduce((sum, { heard }) => sum + heard.length, 0),
    contradictions: Object.values(found).flat().length,
  })
  if (Object.keys(found).length > 0) {
    process.stdout.write(`${JSON.stringify(found, undefined, 2)}\n`)
    throw new Error(`The history contradicts what is promised; --seed ${seed} repeats it`)
  }
  await report.keep()
}
