import { dirname } from 'node:path'
import type { Command } from 'commander'
import { readConfig, settings, variableOf, type Config } from '../config.ts'

/** Adds a flag for each setting. */
export function addSettings(command: Command): Command {
  for (const { flag, placeholder, fallback, meaning } of Object.values(settings)) {
    const standard = fallback === undefined ? '' : `; default ${fallback}`
    command.option(`--${flag} <${placeholder}>`, `${meaning} (${variableOf(flag)}${standard})`)
  }
  return command
}

/** npm runs a script in the folder of its package: relative paths count from where the command was given. */
function enterInvokingFolder() {
  const { INIT_CWD, npm_package_json: packageFile } = process.env
  if (INIT_CWD && packageFile && dirname(packageFile) === process.cwd()) process.chdir(INIT_CWD)
}

/** The configuration of a command that was given these flags, by commander's names. */
export function configOf(flags: Readonly<Record<string, string>>): Config {
  enterInvokingFolder()
  const named = Object.entries(settings).map(([name, { flag }]) => [name, flags[camelCase(flag)]])
  return readConfig(Object.fromEntries(named) as Record<string, string | undefined>, process.env)
}

const camelCase = (flag: string) => flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
