import { readFileSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readmeCalls } from '../../../scripts/readme-calls.ts'
import { awsCommands, pythons } from '../compat/clients.ts'
import { keyVariables, Program, root, run, shell, temporaryFolder } from '../support/process.ts'

const PATH = [join(root, 'node_modules/.bin'), shell()['PATH']].join(delimiter)

/** The demo as its reader starts it, on data of its own. */
async function startDemo(data: string, ports: readonly string[] = ['--port', '0', '--tls-port', '0'], env: Record<string, string> = {}) {
  const demo = new Program('npm', ['--prefix', root, 'run', 'demo', '--', '--data', data, ...ports], { cwd: root, env: { PATH, ...env } })
  await demo.printed(/^The demo runs until Ctrl-C/m)
  return demo
}

const calls = readmeCalls(readFileSync(join(root, 'README.md'), 'utf8'))

const list = `
Bob's channels, two a page, as ListChannelMembershipsForAppInstanceUser answers:

  page 1   general   unread
           support   unread
  page 2   random    read

`

test("npm run demo lists a user's channels, prints commands that work, and does the same when it is run again", async () => {
  const folder = await temporaryFolder()
  const data = join(folder, 'demo')
  // Variables that would lead to real data are not read.
  const real = { ...keyVariables, CARILLON_DATA: join(folder, 'real'), CARILLON_DATABASE_URL: 'postgresql://127.0.0.1:1/real' }
  const demo = await startDemo(data, undefined, real)
  expect(demo.stdout).toContain(list)
  expect(demo.stderr).toBe('')
  await expect(access(real.CARILLON_DATA)).rejects.toThrow('ENOENT')

  const paragraphs = demo.stdout.split('\n\n')
  const printed = (start: string) => paragraphs.find(text => text.startsWith(start))!
  const pasted = async (command: string) => {
    const env = { AWS_CONFIG_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true', NODE_NO_WARNINGS: '1' }
    const { code, stdout } = await run('bash', ['-c', `${printed('cd ')}\n${command}`], { cwd: folder, env })
    expect(code).toBe(0)
    return stdout
  }
  const names = /general[^]*support[^]*random/
  const commands = [
    ['node ', names],
    ...(pythons.length > 0 ? [['python3 ', names] as const] : []),
    ...(awsCommands.length > 0
      ? ([
          ['aws chime-sdk-messaging list-', names],
          ['aws chime-sdk-messaging send-', /"SENT"/],
        ] as const)
      : []),
  ] as const
  for (const [start, output] of commands) expect(await pasted(printed(start))).toMatch(output)
  for (const { language, code, output } of calls) {
    if (language === 'sh' && awsCommands.length === 0) continue
    if (language === 'python' && pythons.length === 0) continue
    const command = { sh: code, python: `python3 - <<'END'\n${code}\nEND`, js: `node --input-type=module - <<'END'\n${code}\nEND` }[
      language
    ]
    expect({ code, output: await pasted(command) }).toEqual({ code, output })
  }

  // The chat page that the demo offers has a search.
  const searched = await pasted(`node --input-type=module -e '
import { Carillon } from "./server/src/client/carillon.ts"
import { fromIni } from "@aws-sdk/credential-providers"
const carillon = new Carillon({ endpoint: process.env.AWS_ENDPOINT_URL, credentials: fromIni() })
console.log((await carillon.call("SearchMessages", { SearchText: "hello", ChimeBearer: process.env.BOB })).FoundMessages.length > 0)'`)
  expect(searched).toBe('true\n')

  const url = await demo.url()
  demo.killAll('SIGINT')
  await demo.exit()
  await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed')
  const again = await startDemo(data)
  expect(again.stdout).toContain(list)
  expect(await pasted('echo "$BOB"')).toBe(/BOB=(.*\n)/.exec(await pasted('cat "$(dirname "$AWS_SHARED_CREDENTIALS_FILE")/variables"'))![1])
})

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
