import { spawn } from 'node:child_process'

/**
 * Notifies systemd that the server is ready, if it runs as a service of `Type=notify`. Node has no datagram Unix sockets, so systemd-notify
 * sends the message.
 */
export function notifySystemd() {
  if (!process.env['NOTIFY_SOCKET']) return
  const child = spawn('systemd-notify', ['--ready', '--status=Carillon is ready'], { stdio: 'ignore' })
  child.on('error', error => process.stderr.write(`carillon: systemd-notify cannot be run: ${error.message}.\n`))
}
