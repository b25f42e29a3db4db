import { join } from 'node:path'
import { build, createServer } from 'vitepress'
import { checkLinks } from './check.mjs'
import { collect } from './collect.mjs'

collect()
if (process.argv[2] === 'dev') {
  const server = await createServer(import.meta.dirname, { host: '127.0.0.1' })
  await server.listen()
  server.printUrls()
} else {
  await build(import.meta.dirname)
  const { faults, pages, links } = checkLinks(join(import.meta.dirname, 'dist'))
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  process.stdout.write(`${pages} pages, ${links} links within the site, ${faults.length} of them lead nowhere\n`)
  if (faults.length > 0 || links < 500) process.exitCode = 1
}
