import { delimiter, join } from 'node:path'
import { Program, root, shell } from '../support/process.ts'

const PATH = [join(root, 'node_modules/.bin'), shell()['PATH']].join(delimiter)

/** The demo as its reader starts it, on data of its own. */
export async function startDemo(
  data: string,
  ports: readonly string[] = ['--port', '0', '--tls-port', '0'],
  env: Record<string, string> = {},
) {
  const demo = new Program('npm', ['--prefix', root, 'run', 'demo', '--', '--data', data, ...ports], { cwd: root, env: { PATH, ...env } })
  await demo.printed(/^The demo runs until Ctrl-C/m)
  return demo
}

/** What it prints first. */
export const list = `
Bob's channels, two a page, as ListChannelMembershipsForAppInstanceUser answers:

  page 1   general   unread
           support   unread
  page 2   random    read

`
