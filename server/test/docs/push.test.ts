import { generateKeyPairSync } from 'node:crypto'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readDestinations } from '../../src/settings/destinations.ts'
import { freePort } from '../support/ports.ts'
import { Program, root, run, serve, temporaryFolder } from '../support/process.ts'
import { vapidKeys } from '../support/push.ts'
import { blocksOf, exportsOf } from './page.ts'

const blocks = await blocksOf('push.md')

test('docs/push.md works as written: the device of the page receives a push, and prints what the page shows', async () => {
  const [destinations = ''] = blocks('Try it', 'json')
  const [starts = '', ...commands] = blocks('Try it', 'sh')
  const [device = '', browser = '', push = ''] = blocks('Try it', 'js')
  const [printed = ''] = blocks('Try it', '')
  expect(commands).toEqual(['node push.mjs\n'])
  const [startsDevice = '', startsServer = ''] = starts.trim().split('\n')
  expect(startsDevice).toBe('node device.mjs')
  const [, makesKey = ''] = /^VAPID_KEY=\$\((.*)\) npm start -- --destinations destinations\.json$/.exec(startsServer)!
  const cwd = await temporaryFolder()
  await symlink(join(root, 'node_modules'), join(cwd, 'node_modules'))
  const port = String(await freePort())
  await writeFile(join(cwd, 'destinations.json'), destinations)
  await writeFile(join(cwd, 'device.mjs'), device.replaceAll('9200', port))
  await writeFile(join(cwd, 'browser.mjs'), browser)
  await writeFile(join(cwd, 'push.mjs'), push)

  const receiving = new Program(process.execPath, ['device.mjs'], { cwd })
  await receiving.printed(/The device listens/)
  const { stdout: key } = await run('sh', ['-c', makesKey], { cwd })
  const server = serve(['--port', '0', '--data', cwd, '--destinations', 'destinations.json'], { cwd, env: { VAPID_KEY: key.trim() } })
  await server.url()
  const env = exportsOf(server.stdout)
  expect(await run(process.execPath, ['push.mjs'], { cwd, env })).toEqual({ code: 0, stdout: '', stderr: '' })
  await receiving.printed(/Dinner/)
  expect(receiving.stdout).toBe(printed)
})

const pem = (type: 'rsa' | 'ec') =>
  type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
    : generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({ type: 'pkcs8', format: 'pem' })

test('the server accepts the file of destinations of docs/push.md', async () => {
  const folder = await temporaryFolder()
  const account = { project_id: 'p', client_email: 'c', token_uri: 'https://oauth2.googleapis.com/token', private_key: pem('rsa') }
  await writeFile(join(folder, 'firebase.json'), JSON.stringify(account))
  await writeFile(join(folder, 'apns.p8'), pem('ec'))
  await writeFile(join(folder, 'vapid'), vapidKeys().privateKey)
  await writeFile(join(folder, 'pushes'), 'a secret of twenty characters')
  const [example = ''] = blocks('The file of destinations', 'json')
  await writeFile(join(folder, 'map.json'), example.replaceAll('/run/secrets', folder))
  const { applications } = await readDestinations(join(folder, 'map.json'), {})
  const given = [...applications.values()].map(each => Object.keys(each).filter(key => each[key as keyof typeof each] !== undefined))
  expect(given).toEqual([
    ['content', 'placeholder', 'fcm', 'apns', 'webPush'],
    ['content', 'placeholder', 'webhook'],
  ])
})
