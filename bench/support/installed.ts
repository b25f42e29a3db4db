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
  const PATH = [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter)
  const packed = await run('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: join(root, 'server'),
    env: { ...process.env, PATH },
  })
  const tarball = join(folder, packed.stdout.trim())
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball], { cwd: folder })
  return folder
}
