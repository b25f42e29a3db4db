import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readmeCalls } from '../../../scripts/readme-calls.ts'
import { root, temporaryFolder } from '../support/process.ts'
import { list, startDemo } from './started-demo.ts'

const calls = readmeCalls(readFileSync(join(root, 'README.md'), 'utf8'))

test('the README has a call for each of three clients, and its picture shows those of the AWS CLI and boto3 as they are', () => {
  expect(calls.map(({ language }) => language)).toEqual(['sh', 'python', 'js'])
  const picture = readFileSync(join(root, 'docs/pictures/first-minute.svg'), 'utf8')
  const texts = [...picture.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text = '']) =>
    text.replaceAll('&lt;', '<').replaceAll('&amp;', '&'),
  )
  const shown = calls
    .filter(({ language }) => language !== 'js')
    .flatMap(({ code, output }) => [...code.split('\n'), ...output.trimEnd().split('\n')])
  expect(shown.filter(line => !texts.some(text => text.replace(/^\$ |'$/g, '') === line))).toEqual([])
  for (const line of list.trim().split('\n')) expect(texts).toContain(line)
})

test('if the usual port is taken, the demo listens on another one', async () => {
  const taken = createServer().listen(8080, '127.0.0.1')
  onTestFinished(() => void taken.close())
  // A listener of any other program has the same effect.
  await once(taken, 'listening').catch(() => {})
  const demo = await startDemo(await temporaryFolder(), [])
  expect(new URL(await demo.url()).port).not.toBe('8080')
  expect(demo.stdout).toContain(list)
})
