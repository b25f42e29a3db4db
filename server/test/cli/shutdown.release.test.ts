import { expect, test } from 'vitest'
import { keyVariables, serve } from '../support/process.ts'
import { RawConnection } from '../support/raw.ts'
import { halfARequest } from './half-a-request.ts'

test('an endless request and idle connections do not delay the end of the server for long', async () => {
  const server = serve(['--port', '0', '--data', ':memory:'], { env: keyVariables })
  const url = await server.url()
  const idle = await RawConnection.open(url)
  const { connection } = await halfARequest(url)
  const start = Date.now()
  server.kill('SIGTERM')
  expect(await server.exit()).toBe(0)
  expect(Date.now() - start).toBeLessThan(15_000)
  idle.end()
  connection.end()
})
