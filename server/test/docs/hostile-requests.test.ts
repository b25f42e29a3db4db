import { createHmac } from 'node:crypto'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../support/ports.ts'
import { Program, root, temporaryFolder } from '../support/process.ts'
import { RawConnection } from '../support/raw.ts'
import { blocksOf } from './page.ts'

const secret = 'a-secret-of-your-own'
const env = { AUDIT_SECRET: secret, EVENTS_SECRET: secret, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }

const signatureOf = (body: string) => `sha256=${createHmac('sha256', secret).update(`1.${body}`).digest('hex')}`

test.each([
  ['streaming', '9100', [400, 403]],
  ['eventbridge', '9300', [400, 403]],
  ['bots', '9200', [400]],
  ['channel-flows', '9000', [400]],
])('the listening program of docs/%s.md survives requests that are not from Carillon', async (page, at, refusals) => {
  const port = String(await freePort())
  const cwd = await temporaryFolder()
  const [program = ''] = (await blocksOf(`${page}.md`))('Try it', 'js')
  await symlink(join(root, 'node_modules'), join(cwd, 'node_modules'))
  await writeFile(join(cwd, 'program.mjs'), program.replace(at, port))
  const running = new Program(process.execPath, ['program.mjs'], { cwd, env })
  await running.printed(/listens/)
  const url = `http://127.0.0.1:${port}`

  const cut = await RawConnection.open(url)
  cut.send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"Records"')
  cut.endSending()
  const post = async (body: string, signature: string) =>
    (await fetch(url, { method: 'POST', headers: { 'x-carillon-timestamp': '1', 'x-carillon-signature': signature }, body })).status
  const refused: number[] = [(await fetch(url)).status]
  for (const body of ['', 'no JSON', 'null', '[]', '{}', '{"ChannelMessage":5}'])
    refused.push(await post(body, `é${signatureOf(body).slice(1)}`), await post(body, signatureOf(body)))
  expect(new Set(refused)).toEqual(new Set(refusals))
  expect([running.stdout, running.stderr]).toEqual([running.stdout.split('\n')[0] + '\n', ''])
})
