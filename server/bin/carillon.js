#!/usr/bin/env node
import { existsSync } from 'fs'

await import('./needs-node.js')

// A checkout runs unbuilt; the published package has no src.
const source = new URL('../src/main.ts', import.meta.url)
import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href).catch(error => {
  process.stderr.write('carillon: ' + (error && error.stack) + '\n')
  process.exit(1)
})
