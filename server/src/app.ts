import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { once } from 'node:events'
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import packageFile from '../package.json' with { type: 'json' }
import { AnsweredTokens } from './api/answered-tokens.ts'
import { Responses } from './http/responses.ts'
import { Arrivals } from './http/arrivals.ts'
import { openAuditLog } from './observe/audit.ts'
import { RecentCalls } from './auth/recent-calls.ts'
import { createUrlVerifier } from './auth/signature/presigned-url.ts'
import { createKeyCheck, createVerifier } from './auth/signature/sigv4.ts'
import type { FindKey } from './auth/signature/signing-key.ts'
import type { Environment } from './api/call.ts'
import { followPair } from './secrets/certificate-files.ts'
import { localName } from './secrets/certificates.ts'
import type { Config, RootKey } from './settings/config.ts'
import { readDestinations } from './settings/destinations.ts'
import { settings } from './settings/settings.ts'
import { operations, type OperationName } from './contract/index.ts'
import type { Operation } from './contract/operation.ts'
import type { AfterCommit, Wake } from './events/follower.ts'
import { isStored } from './events/missed.ts'
import { Gateway } from './gateway/gateway.ts'
import { dispatchOf, type Dispatch } from './http/dispatch.ts'
import { Connections } from './http/connections.ts'
import { BodyMemory } from './http/request-body.ts'
import { ProxyProtocol } from './http/proxy-protocol.ts'
import { consolePages } from './console/pages.ts'
import { tryLimit } from './console/entrance.ts'
import { loginEndpoint } from './console/login.ts'
import { codeExchange } from './console/code-exchange.ts'
import { createServer } from './http/server.ts'
import { withReasonInMessage } from './http/shown-error.ts'
import { deliveriesOf } from './outbox/deliveries.ts'
import { measureOutbox } from './outbox/gauges.ts'
import { functionCheck, functionWarner } from './outbox/functions.ts'
import { streamSinks } from './outbox/sinks.ts'
import { streamCheck } from './outbox/streams.ts'
import { releaseAllLeases } from './store/outbox-lanes.ts'
import { watchOutbox } from './outbox/watch.ts'
import { OutboxRunner } from './outbox/runner.ts'
import { Background } from './jobs/background.ts'
import { BalancingQueue } from './jobs/balancing.ts'
import { jobsOf } from './jobs/index.ts'
import { purgeStep } from './jobs/purge.ts'
import { shareBuckets } from './rates/shared-buckets.ts'
import { connectRate } from './rates/operation-rates.ts'
import { schedule } from './jobs/schedule.ts'
import { KeyRing } from './keys/key-ring.ts'
import { createLog } from './observe/log.ts'
import { openSearch } from './search/open.ts'
import type { SearchIndex } from './search/search-index.ts'
import { masterKeySource } from './secrets/master-key.ts'
import { createMetrics } from './observe/metrics.ts'
import { PageTokens } from './api/page-token.ts'
import { Refusals } from './observe/refusals.ts'
import { ServerFigures } from './observe/server-figures.ts'
import { onceASecond } from './tools/once-a-second.ts'
import { openSecrets } from './secrets/open.ts'
import { senderReader } from './http/sender.ts'
import { inUrl, rangesOf, withoutNames } from './tools/addresses.ts'
import { TestMode } from './testing/test-mode.ts'
import { Seeder } from './testing/seeder.ts'
import { sowFile } from './testing/seed-file.ts'
import type { Seed } from './testing/seed.ts'
import { Aliveness } from './tools/aliveness.ts'
import { TurnEnd } from './tools/turn-end.ts'
import { TokenBuckets } from './tools/token-buckets.ts'
import type { Database } from './database/database.ts'
import { openDatabase, storesEvents } from './database/open.ts'
import { keepAlive, requireSameBus } from './nodes/heartbeat.ts'
import type { OpenBus } from './bus/bus.ts'
import { openBus } from './nodes/open-bus.ts'
import { ResumableSessions } from './nodes/resumable-sessions.ts'
import { SessionsOfNodes } from './nodes/sessions.ts'
import { isOutage } from './database/outage.ts'
import { isAnswering, sharedKey } from './store/shared-values.ts'
import { credentialEndpoints } from './sts/endpoints.ts'
import { randomIds } from './tools/ids.ts'

/** A running server. */
export interface App {
  /** `http://host:port`, with the real port. */
  readonly url: string
  /** The URL over TLS, with a name that the certificate has; undefined if TLS is off. */
  readonly tlsUrl: string | undefined
  /** The URL of the operator's pages, if they have a listener of their own. */
  readonly adminUrl: string | undefined
  readonly rootKey: RootKey
  /** The path of the shared credentials file, if the root key is stored in one. */
  readonly credentialsFile: string | undefined
  readonly db: Database
  /** Opens the audit log again, after its file was renamed. */
  reopenAuditLog(): void
  /** Finishes the calls in progress, refuses new ones, and resolves within ten seconds. */
  close(): Promise<void>
}

/** How long the calls in progress may take once the server is closing. */
const drainMilliseconds = 7000
/** A database that does not answer within this time counts as unavailable. */
const healthMilliseconds = 2000

/**
 * The most connections that wait to be accepted, as far as the system allows (`net.core.somaxconn`): after a restart all clients connect
 * at once, and one that finds the queue full waits for a second or more, or is reset after a minute.
 */
const mostWaiting = 4096

/** Listens and resolves to the real port. `flag` is the setting that has the port. */
async function listen(server: Server, host: string, port: number, flag: string): Promise<number> {
  try {
    server.listen({ host, port, backlog: mostWaiting })
    await once(server, 'listening')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'EADDRINUSE' ? `another process listens there. Stop it, or give another port by --${flag}` : String(error)
    throw new Error(`Cannot listen on ${inUrl(host)}:${port}: ${why}.`, { cause: error })
  }
  return (server.address() as AddressInfo).port
}

/** The operations that an open console repeats. In the list of recent calls they would hide all others. */
const looksOn: ReadonlySet<string> = new Set<OperationName>(['ListRecentCalls', 'DescribeServer'])

interface Surroundings {
  /** The clock. */
  readonly now?: () => number
  /** Access keys in addition to those in the database. */
  readonly keys?: FindKey
  /** Wraps the database; a test uses it to delay answers. */
  readonly through?: (database: Database) => Database
  /** The resources that the server creates when it starts, in addition to those of the file of --seed. */
  readonly seeds?: readonly Seed[]
  /** The jobs that the server runs by itself; by default all. A test that runs some itself gives fewer. */
  readonly jobs?: 'all' | 'after changes' | 'none'
}

/**
 * The wiring: the only file that knows all parts. It listens first, so that /health can answer while the server starts, and
 * resolves when the server is ready. `now` is the clock of everything but signatures, which use the real time.
 */
export async function startApp(
  config: Config,
  { now: clock = Date.now, keys, through = database => database, seeds = [], jobs = 'all' }: Surroundings = {},
): Promise<App> {
  const testMode = config.testMode ? new TestMode(clock) : undefined
  const now = testMode?.clock.now ?? clock
  const ids = testMode?.ids ?? randomIds
  const signatureNow = testMode?.clock.signatureNow ?? Date.now
  const log = createLog(config.logLevel)
  const destinations = await readDestinations(config.destinations, process.env)
  const refusals = new Refusals(log)
  const metrics = createMetrics()
  const recentCalls = new RecentCalls(looksOn)
  const { trustProxy = [], proxyHeaders } = config
  const proxyProtocol = proxyHeaders === 'proxy-protocol' ? new ProxyProtocol(rangesOf(withoutNames(trustProxy))) : undefined
  const audit = await openAuditLog(config.auditLog, { log, metrics })
  const { key, file, certificate, removeFiles } = await openSecrets(config, log)
  // The answers of a commit leave before its frames, which the gateway adds: a client can send its next request meanwhile.
  const turnEnd = new TurnEnd()
  const responses = new Responses(turnEnd, log)
  const arrivals = new Arrivals()
  const readSender = senderReader(trustProxy, proxyHeaders, proxyProtocol)
  const server = createServer({
    log,
    refusals,
    shown: config.reasonInMessage === 'on' ? withReasonInMessage : error => error,
    metrics,
    responses,
    arrivals,
    connections: new Connections(config.connectionsPerAddress, rangesOf(withoutNames([...trustProxy, 'loopback']))),
    proxyProtocol,
    readSender,
    audit,
    recentCalls,
    mostCalls: config.callsAtOnce,
    bodyMemory: new BodyMemory(config.bodyMemory * 1024 * 1024),
    consolePages: config.console === 'on' ? consolePages(readSender) : undefined,
    hasAdmin: config.adminAddress !== undefined,
    certificate: certificate?.pair,
    isOutage,
    isTestMode: testMode !== undefined,
  })
  const { plain, tls, admin } = server
  // Clients set their clock by this header.
  const dated = (_: unknown, response: ServerResponse) => response.setHeader('date', new Date(signatureNow()).toUTCString())
  if (testMode) for (const each of [plain, tls]) each?.prependListener('request', dated)

  let url: string
  let tlsPort: number | undefined
  let opening: OpenBus | undefined
  let db: Database | undefined
  let ring: KeyRing | undefined
  let gateway: Gateway | undefined
  let adminUrl: string | undefined
  let stopFollowing: (() => void) | undefined
  let stopJobs: (() => Promise<void>) | undefined
  let outbox: OutboxRunner | undefined
  let closeDestinations: (() => Promise<void>) | undefined
  let figures: ServerFigures | undefined
  let stopBeating: (() => Promise<void>) | undefined
  let searchIndex: SearchIndex | undefined
  /** Ends the parts that have been started so far, each before the parts that it uses. */
  const end = async (stopOutbox: Promise<void> | undefined) => {
    gateway?.close()
    stopFollowing?.()
    await server.close()
    await stopJobs?.()
    await stopOutbox
    await closeDestinations?.()
    figures?.stop()
    await searchIndex?.stop()
    await ring?.close()
    await stopBeating?.()
    await opening?.close()
    await db?.close()
    await audit?.close()
    await removeFiles()
  }

  try {
    if (admin && config.adminAddress) {
      const [, host = '', port] = /^\[?([^\]]*)\]?:(\d+)$/.exec(config.adminAddress)!
      adminUrl = `http://${inUrl(host)}:${await listen(admin, host, Number(port), settings.adminAddress.flag)}`
    }
    url = `http://${inUrl(config.host)}:${await listen(plain, config.host, config.port, settings.port.flag)}`
    if (tls && certificate) {
      tlsPort = await listen(tls, config.host, config.tlsPort, settings.tlsPort.flag)
      stopFollowing = followPair(certificate.files, certificate.pair, { take: pair => tls.setSecureContext(pair), log })
    }
    const nodeId = randomUUID()
    const node = {
      id: nodeId,
      name: `${hostname()}:${new URL(url).port}`,
      version: packageFile.version,
      bus: config.natsUrl === undefined ? null : 'nats',
    }
    log.setBindings({ node: node.name })
    metrics.node.set({ node: node.name, version: node.version, bus: node.bus ?? 'none' }, 1)
    let wake: ((what: Wake) => void) | undefined
    const follow = (what: AfterCommit) => ('wake' in what ? wake?.(what) : opening?.bus.publish(what))
    const opened = await openDatabase(config, {
      log,
      follow: what => follow(what as AfterCommit),
      isStored: async what =>
        isStored(opened, what as AfterCommit, storesEvents(config)).catch((error: unknown) => {
          if (isOutage(error)) throw error
          log.error({ err: error }, 'Nobody knows whether a change is stored whose COMMIT was not answered; sockets do not hear of it')
          return false
        }),
      settled: () => turnEnd.now(),
    })
    const store = through(opened)
    db = store
    await requireSameBus(db, config.natsUrl !== undefined)
    opening = await openBus(config, { db, node, log, metrics })
    const { bus } = opening
    const aliveness = new Aliveness()
    let takeOver: (() => void) | undefined
    if (db.kind === 'postgres') stopBeating = await keepAlive(node, { db, now, log, aliveness, takeOver: () => takeOver?.() })
    const allSessions = bus.following && new SessionsOfNodes({ db, nodeId, log })
    const resumable = config.resume === 'on' ? new ResumableSessions({ db, nodeId, log, heardUntil: () => bus.heardUntil() }) : undefined
    const keyRing = await KeyRing.open({ db, rootKey: key, account: config.account, source: masterKeySource(config), now, log })
    ring = keyRing
    const findKey: FindKey = keys ? (id, token) => keyRing.find(id, token) ?? keys(id, token) : keyRing.find
    const purgeNext = async () => {
      const step = await purgeStep(store, now())
      if (step === 'worked') metrics.purgeSteps.inc()
      return step !== undefined || store.tidy()
    }
    const purge = new Background('purge', purgeNext, { log, metrics })
    const balancing = new BalancingQueue({ db, now })
    const balance = new Background('balancing', () => balancing.step(), { log, metrics })
    const tools = { db, now, log, metrics }
    const { sinkOf, close: closeSinks } = streamSinks(destinations, config.kinesisEndpoint)
    const leaving = deliveriesOf(config, destinations, { db, now, ids, log, sinkOf })
    closeDestinations = async () => {
      leaving.close()
      await closeSinks()
    }
    // The lock of the data folder lets no other server in.
    if (store.kind === 'sqlite') await store.transaction(tx => releaseAllLeases(tx, now()))
    const runner = new OutboxRunner(leaving.deliveries, { ...tools, nodeId, aliveness })
    outbox = runner
    wake = what => {
      if (what.wake === 'outbox') runner.soon(what.lane)
      else if (what.wake === 'search') searchIndex?.soon()
      else if (jobs === 'none') return
      else if (what.wake === 'purge') purge.soon()
      else {
        balancing.add(what.elasticId)
        balance.soon()
      }
    }
    measureOutbox(metrics, { db, now })
    figures = new ServerFigures(metrics)
    searchIndex = await openSearch(config, tools)
    const { limits, rates } = config
    const isShared = (rates !== undefined || bus.following !== undefined) && db.kind === 'postgres'
    const buckets = new TokenBuckets({ shared: isShared })
    const open = new Gateway({
      ...tools,
      region: config.region,
      account: config.account,
      refusals,
      bus,
      turnEnd,
      arrivals,
      audit,
      access: keyRing,
      verify: createUrlVerifier({ findKey, now: signatureNow, hosts: config.publicWsHost === undefined ? [] : [config.publicWsHost] }),
      isGood: signed =>
        keyRing.isGood(signed) || keys?.(signed.accessKeyId, signed.sessionToken)?.secretAccessKey === signed.secretAccessKey,
      limits,
      connectRate: connectRate(buckets, now, rates, limits.connectionsPerUser),
      pingSeconds: config.pingSeconds,
      typingSeconds: config.typingSeconds,
      nodeId,
      nodeName: node.name,
      graceSeconds: config.presenceGraceSeconds,
      allSessions,
      resumable,
      faults: testMode?.faults,
    })
    gateway = open
    const environment: Environment = {
      node: { ...node, startedAt: Date.now() },
      figures,
      recentCalls,
      showsContent: config.recentCalls === 'whole',
      db,
      bus,
      presence: {
        isOnline: userId => open.presence.online.isOnline(userId),
        lastSeen: userId => open.presence.online.lastSeen(userId),
        membersOf: channelId => open.presence.members.of(channelId),
        hasSession: session => open.hasSession(session),
        connected: (...asked) => open.connected(...asked),
      },
      now,
      limits: config.limits,
      ids,
      keyRing,
      oidcIssuer: config.oidcIssuer,
      publicWsHost: config.publicWsHost,
      tlsPort,
      region: config.region,
      account: config.account,
      checkStream: streamCheck(sinkOf),
      warnOfFunctions: functionWarner(functionCheck(destinations, config.lambdaEndpoint), log),
      search: searchIndex,
      pageTokens: new PageTokens(await sharedKey(db, 'page-token-key')),
      answeredTokens: new AnsweredTokens(),
    }
    const rateLimiting = rates && { buckets, rates, now }
    const verify = createVerifier({ findKey, now: signatureNow })
    const issuing = { ring: keyRing, now, region: config.region, account: config.account, userClaim: config.userClaim }
    const endpoints = await credentialEndpoints(config, { ...issuing, db, findKey, signatureNow, rateLimiting })
    if (config.console === 'on') {
      const countTry = tryLimit()
      endpoints.set('/console/session', codeExchange({ ...issuing, db, rootKeyId: key.accessKeyId, countTry }))
      endpoints.set('/console/login', await loginEndpoint(config, { ...issuing, countTry }))
    }
    const dispatchFor = (name: OperationName, operation: Operation) => {
      const dispatch = dispatchOf(name, operation, { access: keyRing, verify, environment, rateLimiting })
      return testMode ? testMode.faults.around(name, dispatch) : dispatch
    }
    const dispatches = Object.entries(operations).map(([name, operation]) => [name, dispatchFor(name as OperationName, operation)])
    const checkKey = createKeyCheck({ findKey }, keyRing)
    const purgeAll = async () => {
      while (await purgeNext());
    }
    const seeder = new Seeder({ environment, access: keyRing, purge: purgeAll })
    const ofTests = testMode?.endpoints({
      environment,
      seeder,
      purge: purgeAll,
      checkKey,
      // By the real time, so that a test can still sign the call that sets the clock of signatures right again.
      verify: createVerifier({ findKey }),
      closeSessions: (userId, code, reason) => open.closeSessions(userId, code, reason),
    })
    for (const [path, endpoint] of ofTests ?? []) endpoints.set(path, endpoint)
    server.serve({
      dispatch: Object.fromEntries(dispatches) as Record<OperationName, Dispatch>,
      checkKey,
      endpoints,
      upgrade: (request, socket, head, sender) => open.upgrade(request, socket, head, sender),
      isHealthy: onceASecond(async () => Promise.race([isAnswering(store), setTimeout(healthMilliseconds, false, { ref: false })])),
    })
    for (const seed of seeds) await seeder.sow(seed)
    const served = { endpoint: url, region: config.region, credentials: key }
    if (config.seed !== undefined) await sowFile(config.seed, served, seed => seeder.sow(seed))
    const stopRates = shareBuckets(buckets, { db, now, log }, { shared: isShared })
    const stopWatching = watchOutbox(tools)
    const schedules = schedule(jobs === 'all' ? jobsOf(environment) : [], { ...tools, nodeId: db.kind === 'postgres' ? nodeId : undefined })
    takeOver = () => schedules.takeOver()
    stopJobs = async () => {
      await open.presence.stop()
      await allSessions?.stop()
      await resumable?.stop()
      await schedules.stop()
      await stopWatching()
      await stopRates()
      await balance.stop()
      await purge.stop()
    }
  } catch (error) {
    await end(outbox?.stop())
    throw error
  }
  metrics.serving.set(1)

  let closing: Promise<void> | undefined
  const close = async () => {
    metrics.serving.set(0)
    const stopOutbox = outbox?.stop()
    await Promise.all([server.drain(drainMilliseconds), gateway?.drain()])
    await end(stopOutbox)
  }
  const tlsUrl = tlsPort === undefined ? undefined : `https://${inUrl(localName(config.host))}:${tlsPort}`
  return {
    url,
    tlsUrl,
    adminUrl,
    rootKey: key,
    credentialsFile: file,
    db,
    reopenAuditLog: () => audit?.reopen(),
    close: () => (closing ??= close()),
  }
}
