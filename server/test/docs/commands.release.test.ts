import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { main, root, run } from '../support/process.ts'

const pages = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'server/*.md'], { cwd: root }).filter(
  file => !file.startsWith('docs/decisions') && file !== 'CHANGELOG.md',
)

const helpOf = async (...command: string[]) => (await run(process.execPath, [main, ...command, '--help'])).stdout
const commandsIn = (help: string) =>
  [...(help.split('\nCommands:\n')[1] ?? '').matchAll(/^ {2}([a-z][a-z|-]*)/gm)].flatMap(([, name]) => name!.split('|'))
const flagsIn = (help: string) => new Set(help.match(/--[a-z-]+/g))

/** The flags of each command, by its words. Every command has the flags of `serve` too. */
const flags = new Map<string, ReadonlySet<string>>()

async function readFlags() {
  const names = commandsIn(await helpOf())
  await Promise.all(
    names.map(async name => {
      const help = await helpOf(name)
      flags.set(name, flagsIn(help))
      for (const inner of commandsIn(help)) if (inner !== 'help') flags.set(`${name} ${inner}`, flagsIn(await helpOf(name, inner)))
    }),
  )
}

/** Every `carillon …` of a page that names a command: in a block of shell, or in a sentence. */
function callsIn(file: string) {
  const text = readFileSync(join(root, file), 'utf8')
  const blocks = [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, code]) => code!.replaceAll('\\\n', ' ').split('\n'))
  const inline = [...text.replaceAll(/^```[^]*?^```$/gm, '').matchAll(/`((?:npx )?carillon [^`]+)`/g)].map(([, code]) =>
    code!.replaceAll('\n', ' '),
  )
  return [...blocks, ...inline].flatMap(line =>
    [...line.matchAll(/(?:^|&& |npx |\$\()carillon ([a-z][^|;#&]*)/g)].map(([, call]) => call!.trim()),
  )
}

/** What is wrong with a call; undefined if the command and all its flags exist. */
function fault(call: string): string | undefined {
  const [first = '', second = ''] = call.split(' ')
  // `keys create|list` stands for several commands.
  for (const [one, two] of first.split('|').flatMap(one => second.split('|').map(two => [one, two] as const))) {
    const command = flags.has(`${one} ${two}`) ? `${one} ${two}` : one
    const known = flags.get(command)
    if (!known) return `there is no command ${one}`
    const unknown = (call.match(/(?<= )--[a-z][a-z-]*/g) ?? []).filter(flag => !known.has(flag) && !flags.get('serve')!.has(flag))
    if (unknown.length > 0) return `${command} has no ${unknown.join(', ')}`
  }
  return undefined
}

test('every command in the pages exists, with every flag that it has there', async () => {
  await readFlags()
  const calls = pages.flatMap(file => callsIn(file).map(call => ({ file, call })))
  expect(calls.length).toBeGreaterThan(60)
  expect(calls.map(({ file, call }) => ({ file, call, fault: fault(call) })).filter(each => each.fault !== undefined)).toEqual([])
})
