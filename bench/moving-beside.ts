import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { ChimeSDKIdentity } from '@aws-sdk/client-chime-sdk-identity'
import { ChimeSDKMessaging } from '@aws-sdk/client-chime-sdk-messaging'
import { migrateSqlite } from '../server/src/database/migrate.ts'
import { SqliteDatabase } from '../server/src/database/sqlite.ts'
import { exportTo } from '../server/src/moving/export.ts'
import { fromDatabase } from '../server/src/moving/from-database.ts'
import { milliseconds } from './support/crowd.ts'
import { appInstanceArn } from './support/fill.ts'
import { paced, quantiles } from './support/paced.ts'
import { endWithUs } from './support/process.ts'
import { Report } from './support/report.ts'
import { rounded } from './support/rounds.ts'
import { filledFolder, removeFolder, serve } from './support/server.ts'
import { rootKey } from './support/signed.ts'

const main = fileURLToPath(new URL('../server/src/main.ts', import.meta.url))

/** A channel of another app instance, and how to send a message there. */
async function otherChannel(endpoint: string) {
  const options = { endpoint, region: 'us-east-1', credentials: rootKey }
  const [identity, messaging] = [new ChimeSDKIdentity(options), new ChimeSDKMessaging(options)]
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'other' })
  const { AppInstanceUserArn: ChimeBearer } = await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: 'a', Name: 'a' })
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: 'other', ChimeBearer })
  return async () => {
    await messaging.sendChannelMessage({ ChannelArn, ChimeBearer, Content: 'hello', Type: 'STANDARD', Persistence: 'PERSISTENT' })
  }
}

const row = (when: string, times: readonly number[]) => {
  const { p50, p99 } = quantiles(times)
  return { when, sends: times.length, 'p50 ms': rounded(p50), 'p99 ms': rounded(p99), 'the longest ms': rounded(Math.max(...times)) }
}

/** How long sends take on SQLite while an import stores one channel with very many messages. */
export async function movingBeside(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      messages: { type: 'string', default: '300000' },
      members: { type: 'string', default: '1000' },
      rate: { type: 'string', default: '20' },
    },
  })
  const report = new Report('moving-beside', values)
  const rate = Number(values.rate)
  const folder = await mkdtemp(join(tmpdir(), 'carillon-bench-'))
  const shape = { channels: 1, users: Number(values.members), each: 1, large: 1, messages: Number(values.messages) }
  const filled = await filledFolder(shape)
  const file = join(filled, 'carillon.db')
  const source = await SqliteDatabase.open(file, { prepare: database => migrateSqlite(database, file), follow: () => {} })
  await exportTo(join(folder, 'export'), fromDatabase(source, appInstanceArn), { now: Date.now, rate: 1e9 })
  await source.close()
  const data = join(folder, 'data')
  const server = await serve(data)
  try {
    const send = await otherChannel(server.url)
    const measured = async (isOver: () => boolean) => {
      const times: number[] = []
      do {
        await paced(rate, 1, async due => {
          await send()
          times.push(milliseconds() - due)
        })
      } while (!isOver())
      return times
    }
    const start = milliseconds()
    const before = await measured(() => milliseconds() - start > 10_000)
    const begun = milliseconds()
    let lastLine = begun
    let ended: number | undefined
    const importing = spawn(process.execPath, [main, 'import', join(folder, 'export'), '--data', data], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    endWithUs(importing)
    importing.stderr.on('data', () => (lastLine = milliseconds()))
    const exited = once(importing, 'exit').then(([code]) => {
      ended = milliseconds()
      return code as number
    })
    const meanwhile = await measured(() => ended !== undefined)
    if ((await exited) !== 0) throw new Error('The import has failed.')
    report.table(`sends, ${rate} a second`, [row('before', before), row('during the import', meanwhile)])
    report.tell({
      'seconds of the import': rounded((ended! - begun) / 1000),
      'of these after the last line': rounded((ended! - lastLine) / 1000),
    })
    await report.keep()
  } finally {
    await server.stop()
    await removeFolder(folder)
    await removeFolder(filled)
  }
}
