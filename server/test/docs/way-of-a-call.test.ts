import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')

/** The files that lines name. */
const filesOf = (lines: readonly string[]) => lines.flatMap(line => line.match(/\b[\w/-]+\.ts\b/g) ?? [])

/** The files that the first list of a section names, and those that it takes from another list. */
function drawn(page: string, heading: string) {
  const [, section = ''] = page.split(`\n### ${heading}\n`)
  const [, list = ''] = /^```\n([^]*?)^```$/m.exec(section) ?? []
  const { without = [], files = [] } = Object.groupBy(list.split('\n'), line => (line.startsWith('without') ? 'without' : 'files'))
  return { files: filesOf(files), without: filesOf(without) }
}

test('ARCHITECTURE.md names every file that a list and a message enter, and no others', async () => {
  const page = await readFile(join(root, 'ARCHITECTURE.md'), 'utf8')
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'scripts/entered-files.ts')])
  const entered = JSON.parse(stdout) as Record<string, string[]>
  const list = drawn(page, 'ListChannelMembershipsForAppInstanceUser')
  const message = drawn(page, 'SendChannelMessage')
  expect(list.files.toSorted()).toEqual(entered['ListChannelMembershipsForAppInstanceUser'])
  const ofMessage = new Set([...list.files.filter(file => !message.without.includes(file)), ...message.files])
  expect([...ofMessage].toSorted()).toEqual(entered['SendChannelMessage'])
})
