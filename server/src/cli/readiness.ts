import { spawn } from 'node:child_process'

/** Tells systemd that the server is ready, if it is a service of `Type=notify`. Node has no sockets of that kind, so a program sends it. */
export function notifySystemd() {
  if (!process.env['NOTIFY_SOCKET']) return
  const child = spawn('systemd-notify', ['--ready', '--status=Carillon is ready'], { stdio: 'ignore' })
  child.on('error', error => process.stderr.write(`carillon: systemd-notify cannot be run: ${error.message}.\n`))
}
