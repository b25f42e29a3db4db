import { dirname } from 'node:path'
import type { Command } from 'commander'
import { readConfig, settings, variableOf, type Config } from '../config.ts'

/** Adds a flag for each setting. */
export function addSettings(command: Command): Command {
  for (const { flag, placeholder, fallback, meaning } of Object.values(settings)) {
    if (placeholder === undefined) {
      command.option(`--no-${flag}`, `without ${meaning} (${variableOf(flag)}=off; default on)`)
      continue
    }
    const standard = fallback === undefined ? '' : `; default ${String(fallback)}`
    command.option(`--${flag} <${placeholder}>`, `${meaning} (${variableOf(flag)}${standard})`)
  }
  return command
}

/** Flags by commander's names. A switch is false where its flag is given, and true otherwise. */
export type Flags = Readonly<Record<string, string | boolean>>

/** npm runs a script in the folder of its package: relative paths count from where the command was given. */
function enterInvokingFolder() {
  const { INIT_CWD, npm_package_json: packageFile } = process.env
  if (INIT_CWD && packageFile && dirname(packageFile) === process.cwd()) process.chdir(INIT_CWD)
}

/** The configuration of a command that was given these flags. */
export function configOf(flags: Flags): Config {
  enterInvokingFolder()
  const named = Object.entries(settings).map(([name, { flag }]) => {
    const given = flags[camelCase(flag)]
    return [name, typeof given === 'boolean' ? (given ? undefined : 'off') : given] as const
  })
  return readConfig(Object.fromEntries(named), process.env)
}

const camelCase = (flag: string) => flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
