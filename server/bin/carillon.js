#!/usr/bin/env node
// Every Node since 12 can read this file, so that an old one says what is missing instead of where it stumbled.
import { existsSync } from 'fs'

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write('carillon: needs Node 24 or newer; this is Node ' + process.versions.node + ' (' + process.execPath + ').\n')
  process.exit(1)
}

// A checkout runs unbuilt; the published package has no src.
const source = new URL('../src/main.ts', import.meta.url)
import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href).catch(error => {
  process.stderr.write('carillon: ' + (error && error.stack) + '\n')
  process.exit(1)
})
