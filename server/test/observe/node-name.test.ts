import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { keyVariables, rootKey, serve } from '../support/process.ts'
import { call } from '../support/signed.ts'

test('log lines and /metrics have the name of the node, its host name and port', async () => {
  const server = serve(['--port', '0', '--data', ':memory:'], { env: keyVariables })
  const url = await server.url()
  const node = `${hostname()}:${new URL(url).port}`
  expect((await call(url, { ...rootKey, secretAccessKey: 'x' }, { path: '/app-instances' })).status).toBe(403)
  await expect.poll(() => server.stderr).toContain('"operation":"ListAppInstances"')
  const lines = server.stderr.trim().split('\n')
  expect(lines.map(line => (JSON.parse(line) as { node?: unknown }).node)).toEqual(lines.map(() => node))
  const text = await (await fetch(`${url}/metrics`)).text()
  expect(text.split('\n')).toContain(`carillon_node_info{node="${node}",version="${packageFile.version}",bus="none"} 1`)
})
