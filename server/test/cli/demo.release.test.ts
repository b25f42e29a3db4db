import { readFileSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readmeCalls } from '../../../scripts/readme-calls.ts'
import { awsCommands, pythons } from '../compat/clients.ts'
import { keyVariables, root, run, temporaryFolder } from '../support/process.ts'
import { list, startDemo } from './started-demo.ts'

const calls = readmeCalls(readFileSync(join(root, 'README.md'), 'utf8'))

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
