import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { keyVariables, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { raw } from '../support/raw.ts'
import { signedHeaders } from '../support/signed.ts'
import { Listening, presignedUrl } from '../support/sockets.ts'
import { clientsOf } from '../support/world.ts'

test('whatever a request contains, the log is one JSON object a line and has neither secrets nor signatures nor user content', async () => {
  const folder = await temporaryFolder()
  const server = serve(['--port', '0', '--data', folder, '--log-level', 'trace'], { env: keyVariables })
  const url = await server.url()
  const { identity, messaging } = clientsOf({ url, rootKey })
  const { AppInstanceArn } = await identity.createAppInstance({ Name: 'test' })
  const { AppInstanceUserArn: alice } = await identity.createAppInstanceUser({ AppInstanceArn, AppInstanceUserId: 'alice', Name: 'Alice' })
  const { ChannelArn } = await messaging.createChannel({ AppInstanceArn, Name: 'one', ChimeBearer: alice })

  // An unexpected failure logs the most.
  const broken = new DatabaseSync(join(folder, 'carillon.db'))
  broken.exec('drop table tags')
  broken.exec('drop table messages')
  broken.close()
  const statuses: number[] = []
  for (const path of ['/tags', '/tags?x="}%0A{"level":60,"msg":"forged"}', '/tags?\u001b[31m%1b[31m%E2%80%A8']) {
    const [, query = ''] = path.split('?')
    const headers = await signedHeaders(url, rootKey, {
      path: '/tags',
      query: `arn=${encodeURIComponent(AppInstanceArn!)}${query && '&'}${query}`,
    })
    const target = `/tags?arn=${encodeURIComponent(AppInstanceArn!)}${query && '&'}${query}`
    const lines = [...Object.entries(headers), ['user-agent', '"}\\n{"msg":"forged"}']].map(([name, value]) => `${name}: ${value}\r\n`)
    statuses.push((await raw(url, `GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`)).status)
  }
  const Content = 'what Alice writes\n{"msg":"forged"}'
  const send = messaging.sendChannelMessage({ ChannelArn, ChimeBearer: alice, Content, Type: 'STANDARD', Persistence: 'PERSISTENT' })
  await expect(send).rejects.toThrow('unexpected error')
  const presigned = (await presignedUrl({ url, rootKey }, alice!)).replace('sessionId=', 'sessionID=%0A%22}{forged')
  await new Listening(presigned).closed
  expect(statuses[0]).toBe(500)

  server.kill('SIGTERM')
  await server.exit()
  const lines = server.stderr.trim().split('\n')
  expect(lines.length).toBeGreaterThan(2)
  const entries = lines.map(line => JSON.parse(line) as Record<string, unknown>)
  expect(entries.filter(({ msg }) => msg === 'forged')).toEqual([])
  const all = server.stderr
  const signature = /X-Amz-Signature=([0-9a-f]+)/.exec(presigned)![1]!
  for (const secret of [rootKey.secretAccessKey, signature, 'what Alice writes', '\u001b']) expect(all).not.toContain(secret)
  identity.destroy()
  messaging.destroy()
})
