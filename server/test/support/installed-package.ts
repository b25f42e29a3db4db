import { execFile } from 'node:child_process'
import { cp } from 'node:fs/promises'
import { basename, delimiter, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

/**
 * Packs the server and installs it in an empty folder outside of the checkout, as its user does, but without a network: its dependencies
 * are copied from the checkout, where `npm ci` has installed them, and npm's cache is empty. npm fails where a dependency that the package
 * declares is missing, or has another version than declared.
 */
export async function installPackage(folder: string): Promise<void> {
  // The whole environment, since it may contain npm's settings; this Node is the first on the PATH.
  const env = { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) }
  const flags = ['--offline', '--cache', join(folder, 'npm-cache'), '--no-audit', '--no-fund']
  const npm = async (cwd: string, ...args: string[]) => (await run('npm', [...args, ...flags], { cwd, env })).stdout.trim()

  // Some companies switch scripts off in npm's settings; without prepack there is nothing to pack.
  // One at a time: prepack rebuilds `dist`, and several tests install the package at once. The lock ends with its process.
  const packing = ['npm', 'pack', '--silent', '--ignore-scripts=false', '--pack-destination', folder, ...flags]
  const [command, ...args] = process.platform === 'linux' ? ['flock', join(root, 'server/package.json'), ...packing] : packing
  const packed = (await run(command!, args, { cwd: join(root, 'server'), env })).stdout.trim()
  const needed = (await npm(root, 'ls', '--workspace', 'carillon', '--omit', 'dev', '--all', '--parseable')).split('\n')
  const [, , ...dependencies] = needed
  for (const from of dependencies) {
    // A dependency of a dependency, in a node_modules of its own, is in the list by itself.
    const filter = (path: string) => path === from || basename(path) !== 'node_modules'
    await cp(from, join(folder, relative(root, from)), { recursive: true, filter })
  }
  // npm asks the registry for a package whose commands are not linked; this links them.
  await npm(folder, 'rebuild', '--ignore-scripts')
  await npm(folder, 'install', '--ignore-scripts', join(folder, packed))
}
