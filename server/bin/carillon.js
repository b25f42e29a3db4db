#!/usr/bin/env node
import { existsSync } from 'fs'
import { fileURLToPath } from 'url'

await import('./needs-node.js')

// A small space for new objects halves the memory of ten thousand sockets. Node reads its size at its start only, so the server's process
// starts once more, with the same id, unless somebody has chosen a size.
const isSized = /--max[-_]semi[-_]space[-_]size/.test(process.execArgv.join(' ') + ' ' + process.env.NODE_OPTIONS)
if (process.argv[2] === 'serve' && !isSized && process.platform !== 'win32')
  process.execve(
    process.execPath,
    [process.execPath, '--max-semi-space-size=4', ...process.execArgv, ...process.argv.slice(1)],
    process.env,
  )

// A checkout runs without a build; the published package has no src.
const source = new URL('../src/main.ts', import.meta.url)
const isBuilt = !existsSync(source)

// Node stores what it has compiled beside the package, which belongs to whoever has installed it. Where that folder cannot be written, Node
// reads what is there, and compiles the rest again.
if (isBuilt) (await import('module')).enableCompileCache(fileURLToPath(new URL('../.compiled', import.meta.url)))

import(isBuilt ? new URL('../dist/main.js', import.meta.url).href : source.href).catch(error => {
  process.stderr.write('carillon: ' + (error && error.stack) + '\n')
  process.exit(1)
})
