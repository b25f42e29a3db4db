import { access, readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { keyVariables, Program, root, rootKey, serve, temporaryFolder } from '../support/process.ts'
import { clientsOf } from '../support/world.ts'

interface KeptKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const credentialsPattern =
  /^\[default\]\naws_access_key_id = (AKIA[A-Z2-7]{16})\naws_secret_access_key = ([A-Za-z0-9+/]{40})\nregion = eu-central-1\n$/

async function keptKey(file: string): Promise<KeptKey> {
  const [, accessKeyId = '', secretAccessKey = ''] = credentialsPattern.exec(await readFile(file, 'utf8')) ?? []
  return { accessKeyId, secretAccessKey }
}

async function canCall(url: string, key: KeptKey): Promise<boolean> {
  const { identity } = clientsOf({ url, rootKey: { ...key } })
  try {
    await identity.listAppInstances({})
    return true
  } finally {
    identity.destroy()
  }
}

async function stopped(server: Program): Promise<number | string> {
  server.kill('SIGTERM')
  return server.exit()
}

const consoleLine = (url: string) => `# The console in the browser: ${url}/console#code=CODE  (works once, for 10 minutes)\n`
const withoutCode = (stdout: string) => stdout.replace(/#code=[\w-]+/, '#code=CODE')

test('the root key is created once, stored for its owner only in the format of AWS with the region, used again, and its secret is never printed', async () => {
  const folder = await temporaryFolder()
  const data = join(folder, 'data')
  const file = join(data, 'credentials')
  const flags = ['--port', '0', '--region', 'eu-central-1', '--log-level', 'trace']
  const first = serve(flags, { cwd: folder })
  const url = await first.url()
  const key = await keptKey(file)
  expect(key.accessKeyId).not.toBe('')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(data)).mode & 0o777).toBe(0o700)
  expect((await readdir(data)).filter(name => !name.startsWith('carillon.db'))).toEqual(['credentials'])
  expect(await canCall(url, key)).toBe(true)
  expect(await stopped(first)).toBe(0)
  expect(withoutCode(first.stdout)).toBe(
    `export AWS_SHARED_CREDENTIALS_FILE=${file}\nexport AWS_ENDPOINT_URL=${url}\nexport AWS_REGION=eu-central-1\n` +
      `export AWS_DEFAULT_REGION=eu-central-1\n${consoleLine(url)}Carillon is ready on ${url}\n`,
  )
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/)

  const second = serve(flags, { cwd: folder })
  expect(await canCall(await second.url(), key)).toBe(true)
  expect(await keptKey(file)).toEqual(key)
  await stopped(second)
  for (const { stdout, stderr } of [first, second]) expect(stdout + stderr).not.toContain(key.secretAccessKey)
})

test('a root key from the environment wins and is not written, and no credentials file is printed', async () => {
  const folder = await temporaryFolder()
  const server = serve(['--port', '0', '--data', folder, '--log-level', 'trace'], { env: keyVariables })
  const url = await server.url()
  expect(await canCall(url, rootKey)).toBe(true)
  expect((await readdir(folder)).every(name => name.startsWith('carillon.db'))).toBe(true)
  await stopped(server)
  expect(withoutCode(server.stdout)).toBe(
    `export AWS_ENDPOINT_URL=${url}\nexport AWS_REGION=us-east-1\nexport AWS_DEFAULT_REGION=us-east-1\n` +
      `${consoleLine(url)}Carillon is ready on ${url}\n`,
  )
  expect(server.stderr).not.toContain(rootKey.secretAccessKey)
})

test('a path with blanks and quotes is printed so that the shell reads it back', async () => {
  const folder = join(await temporaryFolder(), "it's a folder")
  const server = serve(['--port', '0', '--data', folder])
  await server.url()
  const line = server.stdout.split('\n', 1)[0]
  const shell = new Program('sh', ['-c', `${line}; printf %s "$AWS_SHARED_CREDENTIALS_FILE"`])
  await shell.exit()
  expect(shell.stdout).toBe(join(folder, 'credentials'))
})

test(':memory: stores nothing permanently: neither data nor the credentials file', async () => {
  const folder = await temporaryFolder()
  const serving = () => serve(['--port', '0', '--data', ':memory:', '--region', 'eu-central-1'], { cwd: folder })
  const first = serving()
  const url = await first.url()
  const file = await first.printed(/AWS_SHARED_CREDENTIALS_FILE=(.*)/)
  const key = await keptKey(file)
  const { identity } = clientsOf({ url, rootKey: { ...key } })
  await identity.createAppInstance({ Name: 'forgotten' })
  identity.destroy()
  expect(await stopped(first)).toBe(0)
  await expect(access(file)).rejects.toThrow('ENOENT')
  await expect(access(dirname(file))).rejects.toThrow('ENOENT')
  expect(await readdir(folder)).toEqual([])

  const second = serving()
  const again = clientsOf({ url: await second.url(), rootKey: await keptKey(await second.printed(/AWS_SHARED_CREDENTIALS_FILE=(.*)/)) })
  expect((await again.identity.listAppInstances({})).AppInstances).toEqual([])
  again.identity.destroy()
})

test('npm start runs the server, resolves relative paths where it was called, and passes signals on', async () => {
  const folder = await temporaryFolder()
  const env = { PATH: [join(root, 'node_modules/.bin'), process.env['PATH']].join(':') }
  const npm = new Program('npm', ['--prefix', root, 'start', '--', '--port', '0', '--no-tls', '--data', 'relative/data'], {
    cwd: folder,
    env,
  })
  const url = await npm.url()
  expect(await npm.printed(/AWS_SHARED_CREDENTIALS_FILE=(.*)/)).toBe(join(folder, 'relative/data/credentials'))
  expect((await fetch(`${url}/health`)).status).toBe(200)
  npm.kill('SIGTERM')
  await npm.exit()
  await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed')
})
