import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { chromium } from 'playwright-core'
import { patience } from '../server/test/support/patience.ts'

/**
 * Times the first minute of a newcomer: a clone of the current commit, `npm ci` with an empty cache and an empty HOME, `npm start`, the
 * printed link opened in Chromium, and one click, until the page shows a channel with a message in it. Prints how long each step took;
 * fails if there is no message. It needs the npm registry, and Chromium as Debian installs it. With
 * `--here` it starts this checkout, without a clone and `npm ci`.
 */
const place = await mkdtemp(join(tmpdir(), 'carillon-first-minute-'))
const checkout = resolve(import.meta.dirname, '..')
const isHere = process.argv.includes('--here')
const [folder, home] = [isHere ? checkout : join(place, 'carillon'), join(place, 'home')]
await mkdir(home)
const { npm_config_cache: _, NPM_CONFIG_CACHE: __, ...rest } = process.env
// Free ports, since 8080 may be in use here.
const env = {
  ...rest,
  HOME: home,
  CARILLON_PORT: '0',
  CARILLON_TLS_PORT: '0',
  ...(isHere && { CARILLON_DATA: join(place, 'data') }),
}

const start = performance.now()
let before = start
function step(name: string) {
  const now = performance.now()
  process.stdout.write(`${((now - before) / 1000).toFixed(1).padStart(6)} s  ${name}\n`)
  before = now
}

if (!isHere) {
  execFileSync('git', ['clone', '--quiet', checkout, folder])
  step('git clone')
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] })
  step('npm ci')
}
const server = spawn('npm', ['start'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
try {
  const link = await new Promise<string>((found, failed) => {
    let text = ''
    for (const stream of [server.stdout, server.stderr])
      stream.on('data', (chunk: Buffer) => {
        text += String(chunk)
        const [address] = /http:\S+\/console#code=\S+/.exec(text) ?? []
        if (address !== undefined) found(address)
      })
    server.on('exit', () => failed(new Error(`npm start ends: ${text}`)))
  })
  step('npm start, until it prints the link')
  const args = ['--no-sandbox', '--disable-gpu']
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args, timeout: patience })
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(patience)
    await page.goto(link)
    await page.getByRole('button', { name: 'Create an example' }).waitFor()
    step('the console in the browser, signed in')
    await page.getByRole('button', { name: 'Create an example' }).click()
    await page.getByText('This is the first message.').waitFor()
    step('a channel with a message in it, after one click')
  } finally {
    await browser.close()
  }
} finally {
  if (server.exitCode === null) {
    process.kill(-server.pid!, 'SIGINT')
    await once(server, 'exit')
  }
  await rm(place, { recursive: true, force: true })
}
process.stdout.write(`${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  in all\n`)
