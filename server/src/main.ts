#!/usr/bin/env node
import { Command } from 'commander'
import { addServe } from './cli/serve.ts'

const program = new Command('carillon').description('A self-hosted server that speaks the Amazon Chime SDK Messaging and Identity APIs')
addServe(program)

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`carillon: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
