import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorsOfTheSources, type SourceError } from './error-sources.ts'

/** A row of the page: what the caller got, what it means and what to do. */
interface Row {
  /** Status and type. */
  readonly section: string
  /** One sentence, or a Message and its Reason. */
  readonly sentences: readonly string[]
  readonly means: string
  readonly remedy: string
}

const plain = (cell: string) => cell.trim().replaceAll(/\\([!-/:-@[-`{-~])/g, '$1')

function rowsOfThePage(): Row[] {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/errors.md'), 'utf8')
  return page
    .split('\n## ')
    .slice(1)
    .flatMap(part => {
      const [section = '', ...lines] = part.split('\n')
      return lines
        .filter(line => line.startsWith('| ') && !/^\| (?:What you got|-)/.test(line))
        .map(line => {
          const [, got = '', means = '', remedy = ''] = line.split(/(?<!\\)\|/).map(plain)
          return { section, sentences: got.split('<br>'), means, remedy }
        })
    })
}

/** Whether a sentence may be one of the sources, where `…` stands for what is known only at a call. */
function fits(sentence: string, source: string): boolean {
  if (source === '…') return true
  const [first = '', ...rest] = sentence.split('…').map(part => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${[first, ...rest].join('.*')}$`, 's').test(source)
}

const sectionOf = ({ status, type }: SourceError) => `${status} ${type}`

function isIn({ section, sentences }: Row, error: SourceError): boolean {
  if (section !== sectionOf(error)) return false
  const { message, reason } = error
  const [first = '', second] = sentences
  if (second !== undefined) return fits(first, message) && fits(second, reason)
  // A Reason that is known only at a call is found by its Message.
  return fits(first, reason === '' || reason === '…' ? message : reason)
}

/** A Reason that names two things is two sentences, and each has a row. */
const parts = (error: SourceError) => error.reason.split(/(?<=\.) (?=The body has )/).map(reason => ({ ...error, reason }))

const rows = rowsOfThePage()
const errors = errorsOfTheSources()
  // Made from another error.
  .filter(({ type }) => type !== '…')
  .flatMap(parts)

test('every error of the sources has a row in docs/errors.md, under its status and type', () => {
  const missing = errors.filter(error => !rows.some(row => isIn(row, error)))
  const shown = missing.map(error => `## ${sectionOf(error)}\n| ${error.message}<br>${error.reason} | ? | ? |`)
  expect([...new Set(shown)]).toEqual([])
  expect(errors.length).toBeGreaterThan(200)
})

test('every row of docs/errors.md belongs to an existing error, and says what it means and what to do', () => {
  expect(rows.filter(row => !errors.some(error => isIn(row, error))).map(({ sentences }) => sentences)).toEqual([])
  expect(rows.filter(({ means, remedy }) => !/\w.{10,}\.$/s.test(means) || !/\w.{3,}\.$/s.test(remedy))).toEqual([])
  const all = rows.map(({ section, sentences }) => `${section} ${sentences.join(' ')}`)
  expect(all.filter((row, index) => all.indexOf(row) !== index)).toEqual([])
})

test('every error of the API has a Reason, except a fault of the server and validations whose sentence says everything', () => {
  // Those of STS have a Message only, as on Amazon.
  const silent = errors.filter(({ type, reason }) => type.endsWith('Exception') && reason === '')
  expect(silent.filter(({ message }) => !/validation error|unexpected error/.test(message))).toEqual([])
})
