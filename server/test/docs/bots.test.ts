import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../support/ports.ts'
import { Program, root, run, serve, temporaryFolder } from '../support/process.ts'
import { blocksOf, exportsOf } from './page.ts'

const blocks = await blocksOf('bots.md')

test('docs/bots.md works as written: its bot of twenty lines greets and answers, behind the Lex endpoint and at a webhook', async () => {
  const [start = '', ...commands] = blocks('Try it', 'sh')
  const [bot = '', talk = ''] = blocks('Try it', 'js')
  const [printed = ''] = blocks('Try it', '')
  const [destinations = ''] = blocks('Where the answers come from', 'json')
  expect(commands).toEqual(['node bot.mjs\n', 'node talk.mjs\n'])
  expect(bot.trim().split('\n').length).toBeLessThanOrEqual(20)
  const cwd = await temporaryFolder()
  await symlink(join(root, 'node_modules'), join(cwd, 'node_modules'))
  const port = String(await freePort())
  await writeFile(join(cwd, 'bot.mjs'), bot.replace('9200', port))
  await writeFile(join(cwd, 'talk.mjs'), talk)
  await writeFile(join(cwd, 'destinations.json'), destinations.replace('9200', port))
  await new Program(process.execPath, ['bot.mjs'], { cwd }).printed(/The bot listens/)

  const flags = start.replace('9200', port).trim().split(/\s+/).slice(3)
  for (const where of [flags, ['--destinations', 'destinations.json']]) {
    const data = await temporaryFolder()
    const server = serve(['--port', '0', '--data', data, ...where], { cwd, env: { BOT_SECRET: 'a-secret-of-your-own' } })
    await server.url()
    expect(await run(process.execPath, ['talk.mjs'], { cwd, env: exportsOf(server.stdout) })).toEqual({
      code: 0,
      stdout: printed,
      stderr: '',
    })
  }
})
