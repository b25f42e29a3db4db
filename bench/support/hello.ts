import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The yardstick: a bare node:http server that says hello. */
const server = createServer((_, response) => response.end('hello'))
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.on('SIGTERM', () => process.exit(0))
