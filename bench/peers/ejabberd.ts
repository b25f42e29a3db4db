import { globSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../server/test/support/ports.ts'
import { Connections } from '../support/load.ts'
import { execute, type Postgres } from './postgres.ts'
import { run } from './programs.ts'
import { conference, host, password, userName, type XmppServer } from './xmpp.ts'

export interface Ejabberd extends XmppServer {
  /** The URL to which commands are posted. */
  readonly apiUrl: string
  readonly storeUrl: string
}

const database = 'ejabberd'

function configuration({ port, apiPort, storeUrl }: { port: number; apiPort: number; storeUrl: string }) {
  const store = new URL(storeUrl)
  const ip = '127.0.0.1'
  return {
    hosts: [host],
    loglevel: 'warning',
    listen: [
      { port, ip, module: 'ejabberd_c2s', access: 'all', starttls: false, max_stanza_size: 262_144, backlog: 2048 },
      { port: apiPort, ip, module: 'ejabberd_http', request_handlers: { '/api': 'mod_http_api' }, backlog: 2048 },
    ],
    auth_method: 'sql',
    auth_password_format: 'plain',
    auth_use_cache: true,
    default_db: 'sql',
    sql_type: 'pgsql',
    sql_server: store.hostname,
    sql_port: Number(store.port),
    sql_database: database,
    sql_username: store.username,
    sql_password: store.password,
    sql_pool_size: 5,
    sql_prepared_statements: true,
    new_sql_schema: false,
    acl: { loopback: { ip: ['127.0.0.0/8'] } },
    api_permissions: { bench: { from: ['mod_http_api'], who: { access: { allow: { acl: 'loopback' } } }, what: ['*', '!stop'] } },
    modules: {
      mod_admin_extra: {},
      mod_disco: {},
      mod_http_api: {},
      mod_mam: { default: 'always', assume_mam_usage: true, cache_size: 10_000 },
      mod_muc: {
        access: 'all',
        access_create: 'all',
        access_persistent: 'all',
        history_size: 0,
        max_users: 100_000,
        max_users_presence: 0,
        max_user_conferences: 1000,
        min_message_interval: 0,
        min_presence_interval: 0,
        default_room_options: {
          persistent: true,
          mam: true,
          allow_subscription: true,
          anonymous: false,
          presence_broadcast: [],
          max_users: 10_000,
          public: true,
        },
      },
      mod_muc_admin: {},
      mod_ping: {},
      mod_private: {},
      mod_roster: {},
    },
  }
}

/** Debian's ejabberd with that many users, its data in PostgreSQL; a single node, so without an epmd. */
export async function startEjabberd(postgres: Postgres, users: number): Promise<Ejabberd> {
  const folder = await mkdtemp(join(tmpdir(), 'carillon-ejabberd-'))
  const storeUrl = await postgres.create(database)
  await execute(storeUrl, await readFile('/usr/share/ejabberd/sql/pg.sql', 'utf8'))
  await execute(
    storeUrl,
    `insert into users (username, password) select '${userName('')}' || number, '${password}' from generate_series(0, ${users - 1}) number`,
  )
  const [port, apiPort] = [await freePort(), await freePort()]
  const file = join(folder, 'ejabberd.yml')
  // JSON is YAML too.
  await writeFile(file, JSON.stringify(configuration({ port, apiPort, storeUrl })))
  const [code = ''] = globSync('/usr/lib/*/ejabberd-*/ebin')
  const limits = ['+K', 'true', '+P', '500000', '+Q', '65536']
  const program = await run(['erl', ...limits, '-noinput', '-mnesia', 'dir', `"${folder}/mnesia"`, '-pa', code, '-s', 'ejabberd'], {
    port,
    log: join(folder, 'output.log'),
    environment: {
      EJABBERD_CONFIG_PATH: file,
      EJABBERD_LOG_PATH: join(folder, 'ejabberd.log'),
      ERL_CRASH_DUMP_SECONDS: '0',
      HOME: folder,
    },
  })
  return {
    name: 'ejabberd, PostgreSQL',
    pid: program.pid,
    storePid: postgres.pid,
    storeUrl,
    port,
    apiUrl: `http://127.0.0.1:${apiPort}`,
    async stop() {
      await program.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A command of the HTTP API. */
export function command(name: string, values: object): Buffer {
  const body = JSON.stringify(values)
  const length = Buffer.byteLength(body)
  return Buffer.from(
    `POST /api/${name} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`,
  )
}

/** Runs many commands, sixteen at once. */
async function runAll(server: Ejabberd, requests: Iterable<Buffer>) {
  const connections = new Connections(server.apiUrl, 16)
  try {
    await Promise.all(Array.from(requests, request => connections.ask(request)))
  } finally {
    connections.close()
  }
}

const room = (index: number) => `room${index}`

/** Creates that many rooms, and subscribes that many users to `each` of them, spread over all. */
export async function subscribe(server: Ejabberd, { rooms, users, each }: { rooms: number; users: number; each: number }) {
  await runAll(
    server,
    Array.from({ length: rooms }, (_, index) => command('create_room', { name: room(index), service: conference, host })),
  )
  const subscriptions = Array.from({ length: users * each }, (_, index) => {
    const user = index % users
    const turn = Math.floor(index / users)
    return command('subscribe_room', {
      user: `${userName(user)}@${host}`,
      nick: userName(user),
      room: `${room((user * 7919 + turn * Math.floor(rooms / each)) % rooms)}@${conference}`,
      nodes: 'urn:xmpp:mucsub:nodes:messages',
    })
  })
  await runAll(server, subscriptions)
}
