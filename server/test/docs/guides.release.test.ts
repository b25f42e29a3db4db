import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installPackage } from '../support/installed-package.ts'
import { freePort } from '../support/ports.ts'
import { Program, root, run, shell } from '../support/process.ts'
import { exportsOf } from './page.ts'

const hasBoto3 = spawnSync('python3', ['-c', 'import boto3'], { env: shell() }).status === 0

interface Block {
  readonly language: string
  readonly code: string
}

/** The blocks of a guide, in their order; one without a language is what the block before it prints. */
const blocksOf = (page: string): Block[] =>
  [...page.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language, code]) => ({ language: language!, code: code! }))

/** A folder in which the package is installed, with what npm would install beside it. */
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'carillon-guides-'))
  await installPackage(folder)
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, '@aws-sdk'), { recursive: true })
  for (const name of ['vitest', '@aws-sdk/client-chime-sdk-messaging', '@aws-sdk/client-chime-sdk-identity'])
    await symlink(join(root, 'node_modules', name), join(modules, name)).catch(() => {})
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const shop = { Id: 'shop', Users: [{ Id: 'alice' }], Channels: [{ Id: 'general', Moderators: ['alice'] }] }

/** Runs every block of a guide as its reader does, from the first to the last; returns how many commands were run. */
async function follow(guide: string): Promise<number> {
  const place = join(folder, guide)
  await mkdir(place)
  await symlink(join(folder, 'node_modules'), join(place, 'node_modules'))
  const [port, adminPort] = [await freePort(), await freePort()]
  const here = (text: string) =>
    text.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`).replaceAll('127.0.0.1:9090', `127.0.0.1:${adminPort}`)
  const env: Record<string, string> = { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null', NO_COLOR: '1' }
  const serving = { CARILLON_PORT: String(port), CARILLON_TLS_PORT: '0' }
  // The app instance that the guide for operators moves.
  await writeFile(join(place, 'shop.json'), JSON.stringify(shop))
  let printed: string | undefined
  let count = 0
  for (const { language, code: text } of blocksOf(await readFile(join(root, 'docs/guides', guide), 'utf8'))) {
    const code = here(text)
    const [, file] = /^\/\/ (\S+)\n/.exec(code) ?? []
    if (file !== undefined) {
      await writeFile(join(place, file), code)
      continue
    }
    if (language === '') {
      if (printed !== text) throw new Error(`${guide} says:\n${text}\nand this is printed:\n${printed}`)
      continue
    }
    if (language === 'python' && !hasBoto3) continue
    // The dependencies that npm would install are installed.
    if (code.startsWith('npm install ')) continue
    count++
    for (const [, name, value] of code.matchAll(/(\w+)=(\S+)/g)) if (code.startsWith('export ')) env[name!] = value!
    if (code.includes('npx carillon serve')) {
      const seed = guide.startsWith('operate') ? { CARILLON_SEED: 'shop.json' } : {}
      const server = new Program('bash', ['-ec', code], { cwd: place, env: { ...env, ...serving, ...seed } })
      await server.url()
      if (env['CARILLON_ACCESS_KEY_ID'] === undefined) Object.assign(env, exportsOf(server.stdout))
      continue
    }
    if (code.includes('carillon import')) {
      const other = new Program('npx', ['carillon', 'serve', '--data', 'other', '--port', '0', '--no-tls'], { cwd: place, env })
      await other.url()
      other.killAll('SIGTERM')
      await other.exit()
    }
    const ran = await run(language === 'sh' ? 'bash' : 'python3', [language === 'sh' ? '-ec' : '-c', code], { cwd: place, env })
    if (ran.code !== 0 || (code.startsWith('npx vitest') && !ran.stdout.includes('passed')))
      throw new Error(`${guide}: ${code}\nended with ${ran.code}\n${ran.stdout}\n${ran.stderr}`)
    printed = ran.stdout
  }
  return count
}

test.each(globSync('*.md', { cwd: join(root, 'docs/guides') }))('every command of docs/guides/%s works, in their order', async guide => {
  expect(await follow(guide)).toBeGreaterThan(3)
})
