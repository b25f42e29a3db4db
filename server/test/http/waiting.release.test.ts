import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { keyVariables, serve, temporaryFolder } from '../support/process.ts'

const clients = 1500
const allowed = await readFile('/proc/sys/net/core/somaxconn', 'utf8').then(Number, () => 0)

test.skipIf(allowed < clients)('all of many clients that connect while the server is busy are accepted and answered', async () => {
  const server = serve(['--port', '0', '--data', await temporaryFolder()], { env: keyVariables })
  const { port } = new URL(await server.url())
  server.kill('SIGSTOP')
  const sockets = Array.from({ length: clients }, () => connect(Number(port), '127.0.0.1').on('error', () => {}))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  const accepted = await Promise.race([
    Promise.all(sockets.map(async socket => once(socket, 'connect'))).then(({ length }) => length),
    setTimeout(90_000, 'not all'),
  ])
  server.kill('SIGCONT')
  expect(accepted).toBe(clients)
  const answers = sockets.map(async socket => {
    socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n')
    return String((await once(socket, 'data'))[0]).slice(0, 12)
  })
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['HTTP/1.1 200']))
})
