import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { freePort } from './ports.ts'
import { newFolder, ownerOfPrograms } from './postgres-programs.ts'

const program = '/usr/sbin/pgbouncer'

/** Debian's package pgbouncer. */
export const hasPgbouncer = existsSync(program)

const isListening = (port: number) =>
  new Promise<boolean>(resolve => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

/**
 * A real PgBouncer with that configuration and list of users; `places` replaces paths and ports of it. Resolves to its port. It ends with
 * the test.
 */
export async function startPgbouncer(configuration: string, users: string, postgresPort: string): Promise<number> {
  const owner = await ownerOfPrograms()
  const folder = await newFolder(owner)
  const port = await freePort()
  const [file, list] = [join(folder, 'pgbouncer.ini'), join(folder, 'userlist.txt')]
  await writeFile(list, users)
  await writeFile(
    file,
    `${configuration
      .replaceAll('port=5432', `port=${postgresPort}`)
      .replaceAll('listen_port = 6432', `listen_port = ${port}`)
      .replaceAll('/etc/pgbouncer/userlist.txt', list)}\nunix_socket_dir =\n`,
  )
  const child = spawn(program, [file], { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-5000)))
  const ended = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  while (!(await isListening(port))) {
    if (child.exitCode !== null) throw new Error(`PgBouncer has ended: ${said}`)
    await setTimeout(20)
  }
  return port
}
