import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keyVariables, main, Program, run, serve, temporaryFolder } from '../support/process.ts'

const health = async (...args: string[]) => run(process.execPath, [main, 'health', ...args])

test('carillon health says whether the server of the settings works, by its exit code', async () => {
  const server = serve(['--port', '0', '--host', '0.0.0.0', '--data', ':memory:'], { env: keyVariables })
  const { port } = new URL(await server.url())
  expect(await health('--port', port, '--host', '0.0.0.0')).toEqual({
    code: 0,
    stdout: `The server at http://127.0.0.1:${port} is healthy.\n`,
    stderr: '',
  })
  server.kill('SIGTERM')
  await server.exit()
  expect(await health('--port', port)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(`^carillon: The server at http://127.0.0.1:${port} does not answer: .*ECONNREFUSED`),
  })
})

const hasNotify = spawnSync('systemd-notify', ['--version']).status === 0

/** Prints what a service sends to systemd. */
const listener = `
import socket, sys
heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
heard.bind(sys.argv[1])
print('listening', flush=True)
while True: print(heard.recv(4096).decode(), flush=True)`

test.skipIf(!hasNotify)('a service of systemd reports when it is ready', async () => {
  const socket = join(await temporaryFolder(), 'notify')
  const systemd = new Program('python3', ['-c', listener, socket])
  await systemd.printed(/listening/)
  const server = serve(['--port', '0', '--data', ':memory:'], { env: { ...keyVariables, NOTIFY_SOCKET: socket } })
  await server.url()
  expect(await systemd.printed(/READY=1/)).toBe('READY=1')
})
