import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../server/test/support/ports.ts'
import { run } from './programs.ts'
import { conference, host, password, userName, type XmppServer } from './xmpp.ts'

const configuration = (folder: string, port: number) => `
run_as_root = true
daemonize = false
data_path = "${folder}/data"
log = { warn = "${folder}/prosody.log" }
interfaces = { "127.0.0.1" }
local_interfaces = { "127.0.0.1" }
c2s_ports = { ${port} }
c2s_direct_tls_ports = {}
s2s_ports = {}
http_ports = {}
https_ports = {}
network_backend = "epoll"
network_settings = { tcp_backlog = 2048, nodelay = true }
gc = { mode = "generational" }
limits = {}
modules_enabled = { "c2s", "disco", "iq", "message", "ping", "presence", "private", "roster", "saslauth" }
modules_disabled = { "offline", "posix", "s2s", "tls" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = "internal"
default_archive_policy = true
archive_expires_after = "never"

VirtualHost "${host}"

Component "${conference}" "muc"
  modules_enabled = { "muc_mam" }
  log_all_rooms = true
  muc_log_by_default = true
  muc_log_presences = false
  muc_log_expires_after = "never"
  max_history_messages = 0
  restrict_room_creation = false
  muc_room_locking = false
  muc_room_default_persistent = true
  muc_room_default_public = true
  muc_room_default_members_only = false
  muc_room_default_history_length = 0
  muc_room_default_presence_broadcast = { visitor = false, participant = false, moderator = false }
`

/** Debian's prosody with so many users, its data in files. */
export async function startProsody(users: number): Promise<XmppServer> {
  const folder = await mkdtemp(join(tmpdir(), 'carillon-prosody-'))
  const accounts = join(folder, 'data', host, 'accounts')
  await mkdir(accounts, { recursive: true })
  for (let user = 0; user < users; user++) {
    await writeFile(join(accounts, `${userName(user)}.dat`), `return { ["password"] = "${password}" }\n`)
  }
  const port = await freePort()
  const file = join(folder, 'prosody.cfg.lua')
  await writeFile(file, configuration(folder, port))
  const program = await run(['prosody', '--config', file], { port, log: join(folder, 'output.log'), environment: {} })
  return {
    name: 'prosody, files',
    pid: program.pid,
    storePid: undefined,
    port,
    async stop() {
      await program.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
