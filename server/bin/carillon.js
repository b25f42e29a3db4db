#!/usr/bin/env node
import { existsSync } from 'fs'
import { fileURLToPath } from 'url'

await import('./needs-node.js')

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
