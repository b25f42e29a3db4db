import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = new URL('../../', import.meta.url).pathname

/** Packs the server and installs it as a user does, outside of the checkout; resolves to a new folder with its `node_modules`. */
export async function installedPackage(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'carillon-bench-'))
  // What `npm run` tells of this checkout is not for the npm that installs.
  const env = { HOME: process.env['HOME'], PATH: [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter) }
  const packed = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: join(root, 'server'), env })
  const tarball = join(folder, packed.stdout.trim())
  const flags = ['--prefix', folder, '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  await run('npm', ['install', ...flags, tarball], { cwd: folder, env })
  return folder
}
