import type { Command } from 'commander'
import { destinationFindings } from './destination-findings.ts'
import { findingsOf } from './findings.ts'
import { outboxFindings } from './outbox-findings.ts'
import { addSettings, configOf, type Flags } from './settings.ts'

async function check(flags: Flags) {
  const config = configOf(flags)
  const findings = [...(await outboxFindings(config, Date.now())), ...(await destinationFindings(config)), ...(await findingsOf(config))]
  for (const { kind, what, instead } of findings) process.stdout.write(`${kind}: ${what}.\n        ${instead}\n`)
  const dangers = findings.filter(({ kind }) => kind === 'unsafe').length
  process.stdout.write(
    dangers === 0 ? 'Nothing here is unsafe.\n' : `${dangers} of these settings ${dangers === 1 ? 'is' : 'are'} unsafe.\n`,
  )
  if (findings.some(({ kind }) => kind !== 'advice')) process.exitCode = 1
}

/** Adds `carillon check`. */
export function addCheck(program: Command) {
  addSettings(
    program
      .command('check')
      .description(
        'print which settings are unsafe, whether the outbox is stuck, and which streams cannot be reached; exit 1 if there is any',
      ),
  ).action(check)
}
