import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { machine } from './process.ts'

const folder = fileURLToPath(new URL('../results', import.meta.url))

type Cell = string | number | undefined
type Row = Readonly<Record<string, Cell>>

const git = (...args: string[]) => execFileSync('git', args, { cwd: join(folder, '..'), encoding: 'utf8' }).trim()

/** The commit that is measured; with a plus where the tree differs from it. */
function commit(): string {
  return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', '../server/src') === '' ? '' : '+')
}

/** The result of a bench: printed at once, and stored as `bench/results/NAME.json` with the machine, the commit and the options. */
export class Report {
  readonly #name: string
  readonly #options: object
  readonly #facts: Record<string, Cell> = {}
  readonly #tables: Record<string, readonly Row[]> = {}

  constructor(name: string, options: object) {
    this.#name = name
    this.#options = options
    process.stdout.write(`${JSON.stringify(machine())}\n`)
  }

  /** Figures about the run as a whole. */
  tell(facts: Readonly<Record<string, Cell>>) {
    Object.assign(this.#facts, facts)
    process.stdout.write(`${JSON.stringify(facts)}\n`)
  }

  /** Rows of the same columns. */
  table(title: string, rows: readonly Row[]) {
    this.#tables[title] = rows
    process.stdout.write(`${title}\n`)
    console.table(rows)
  }

  async keep() {
    await mkdir(folder, { recursive: true })
    const about = { bench: this.#name, takenAt: new Date().toISOString(), commit: commit(), machine: machine(), options: this.#options }
    const file = join(folder, `${this.#name}.json`)
    await writeFile(file, `${JSON.stringify({ ...about, facts: this.#facts, tables: this.#tables }, undefined, 2)}\n`)
    process.stdout.write(`kept in ${file}\n`)
  }
}
