import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { AnsweredTokens } from './answered-tokens.ts'
import { createUrlVerifier } from './auth/presigned-url.ts'
import { createVerifier } from './auth/sigv4.ts'
import type { AccessKey } from './auth/signing-key.ts'
import type { Environment } from './call.ts'
import type { Config, RootKey } from './config.ts'
import { operations, type OperationName } from './contract/index.ts'
import { keptRootKey } from './credentials.ts'
import { invocationKind } from './domain/flows.ts'
import { createLocalBus } from './events/local-bus.ts'
import { Gateway } from './gateway/gateway.ts'
import { dispatchOf, type Dispatch } from './http/dispatch.ts'
import { Admission } from './http/admission.ts'
import { createServer } from './http/server.ts'
import { flowInvocations } from './integrations/flows.ts'
import { lambdaInvoker } from './integrations/lambda.ts'
import { OutboxRunner } from './integrations/runner.ts'
import { Background } from './jobs/background.ts'
import { BalancingQueue } from './jobs/balancing.ts'
import { jobsOf } from './jobs/index.ts'
import { purgeStep } from './jobs/purge.ts'
import { schedule } from './jobs/schedule.ts'
import { createLog } from './log.ts'
import { createMetrics, measureOutbox } from './metrics.ts'
import { PageTokens } from './page-token.ts'
import type { Database } from './store/database.ts'
import { dataFolder, openDatabase } from './store/open.ts'
import { isOutage } from './store/outage.ts'
import { outboxFigures } from './store/outbox.ts'
import { isAnswering, settledOnce } from './store/settings.ts'

/** A server that serves. */
export interface App {
  /** `http://host:port`, with the real port. */
  readonly url: string
  readonly rootKey: RootKey
  /** The shared credentials file, where the root key is kept in one. */
  readonly credentialsFile: string | undefined
  readonly db: Database
  /** Finishes what has been asked, refuses what comes, and ends within ten seconds. */
  close(): Promise<void>
}

/** How long requests that are being answered may take once the server is closing. */
const drainMilliseconds = 8000
/** How long those may take that come then, to be refused. */
const refusalMilliseconds = 500
/** A database that takes longer to say that it is there cannot serve. */
const healthMilliseconds = 2000

interface OpenedKey {
  readonly key: RootKey
  readonly file: string | undefined
  readonly forget: () => Promise<void>
}

const nothingToForget = async () => {}

async function openRootKey({ rootKey, databaseUrl, data, region }: Config): Promise<OpenedKey> {
  if (rootKey) return { key: rootKey, file: undefined, forget: nothingToForget }
  if (databaseUrl !== undefined) {
    throw new Error(
      'With --database-url the root key is given by CARILLON_ACCESS_KEY_ID and CARILLON_SECRET_ACCESS_KEY: all nodes use the same one.',
    )
  }
  if (data === ':memory:') {
    // Clients still need a file to read the key from; it goes when the server does.
    const folder = await mkdtemp(join(tmpdir(), 'carillon-'))
    return { ...(await keptRootKey(folder, region)), forget: () => rm(folder, { recursive: true, force: true }) }
  }
  return { ...(await keptRootKey(await dataFolder(data), region)), forget: nothingToForget }
}

async function listen(server: FastifyInstance, { host, port }: Config): Promise<string> {
  const shown = host.includes(':') ? `[${host}]` : host
  try {
    await server.listen({ host, port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'EADDRINUSE' ? 'another process listens there' : String(error)
    throw new Error(`Cannot listen on ${shown}:${port}: ${why}.`, { cause: error })
  }
  const address = server.server.address()
  return `http://${shown}:${typeof address === 'object' && address ? address.port : port}`
}

async function outboxWaiting({ db, now }: { db: Database; now: () => number }) {
  const figures = await outboxFigures(db)
  return figures.map(({ kind, entries, oldest }) => ({ kind, entries, seconds: (now() - oldest) / 1000 }))
}

interface Surroundings {
  /** The clock. */
  readonly now?: () => number
  /** Keys beside the root key. */
  readonly keys?: (accessKeyId: string) => AccessKey | undefined
}

/**
 * The wiring: the only file that knows all parts. It listens first, so that /health can say that the server is starting, and
 * resolves when it serves. `now` is the clock of everything but signatures, which keep real time.
 */
export async function startApp(config: Config, { now = Date.now, keys }: Surroundings = {}): Promise<App> {
  const log = createLog(config.logLevel)
  const metrics = createMetrics()
  const { key, file, forget } = await openRootKey(config)

  const bus = createLocalBus()
  let dispatches: Record<OperationName, Dispatch> | undefined
  let db: Database | undefined
  let gateway: Gateway | undefined
  const admission = new Admission()
  const server = createServer({
    log,
    metrics,
    admission,
    isOutage,
    dispatch: () => dispatches,
    upgrade: () => gateway && ((request, socket, head) => gateway?.upgrade(request, socket, head)),
    isHealthy: async () =>
      db !== undefined && (await Promise.race([isAnswering(db), setTimeout(healthMilliseconds, false, { ref: false })])),
  })

  let url: string
  let stopJobs: (() => Promise<void>) | undefined
  let outbox: OutboxRunner | undefined
  try {
    url = await listen(server, config)
    const store = await openDatabase(config, { log, tell: event => bus.publish(event) })
    db = store
    const purgeNext = async () => {
      const worked = await purgeStep(store, now())
      if (worked) metrics.purgeSteps.inc()
      return worked
    }
    const purge = new Background('purge', purgeNext, { finished: () => store.tidy(), log, metrics })
    const balancing = new BalancingQueue({ db, now })
    const balance = new Background('balancing', () => balancing.step(), { finished: () => purge.soon(), log, metrics })
    const tools = { db, now, log, metrics }
    const invoke = lambdaInvoker(config.lambdaEndpoint)
    const runner = new OutboxRunner({ [invocationKind]: flowInvocations({ ...tools, invoke }) }, tools)
    outbox = runner
    measureOutbox(metrics, () => outboxWaiting(tools))
    const environment: Environment = {
      db,
      bus,
      now,
      limits: config.limits,
      publicWsHost: config.publicWsHost,
      region: config.region,
      account: config.account,
      pageTokens: new PageTokens(Buffer.from(await settledOnce(db, 'page-token-key', () => randomBytes(32).toString('hex')), 'hex')),
      answeredTokens: new AnsweredTokens(),
      purgeSoon: () => purge.soon(),
      deliverSoon: () => runner.soon(),
      balanceSoon: channelId => {
        balancing.add(channelId)
        balance.soon()
      },
    }
    const findKey = (id: string) => (id === key.accessKeyId ? key : keys?.(id))
    const verify = createVerifier({ findKey })
    gateway = new Gateway({
      ...tools,
      bus,
      verify: createUrlVerifier({ findKey, hosts: config.publicWsHost === undefined ? [] : [config.publicWsHost] }),
      isGood: ({ accessKeyId, secretAccessKey }) => findKey(accessKeyId)?.secretAccessKey === secretAccessKey,
      limits: config.limits,
      pingSeconds: config.pingSeconds,
    })
    dispatches = Object.fromEntries(
      Object.entries(operations).map(([name, operation]) => [name, dispatchOf(name as OperationName, operation, { verify, environment })]),
    ) as Record<OperationName, Dispatch>
    const stopSchedule = schedule(jobsOf(environment), { db, now, log, metrics })
    stopJobs = async () => {
      await stopSchedule()
      await balance.stop()
      await purge.stop()
    }
  } catch (error) {
    await server.close()
    await outbox?.stop()
    await db?.close()
    await forget()
    throw error
  }
  metrics.serving.set(1)

  let closing: Promise<void> | undefined
  const close = async () => {
    metrics.serving.set(0)
    const stopOutbox = outbox?.stop()
    await admission.close(drainMilliseconds)
    gateway?.close()
    const closed = server.close()
    await Promise.race([closed, setTimeout(refusalMilliseconds)])
    server.server.closeAllConnections()
    await closed
    await stopJobs?.()
    await stopOutbox
    await db.close()
    await forget()
  }
  return { url, rootKey: key, credentialsFile: file, db, close: () => (closing ??= close()) }
}
