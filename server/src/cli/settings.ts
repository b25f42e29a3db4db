import { dirname } from 'node:path'
import { Option, type Command } from 'commander'
import { readConfig, variableOf, type Config } from '../settings/config.ts'
import { settings } from '../settings/settings.ts'

type SettingName = keyof typeof settings

/** The settings that identify the database. */
const ofDatabase: readonly SettingName[] = ['data', 'databaseUrl']

const others = '\nThe other flags of `carillon serve` and the CARILLON_ variables work here too; `carillon serve --help` lists them.'

const variablesOnly = `
Set by environment variables only:
  CARILLON_ACCESS_KEY_ID, CARILLON_SECRET_ACCESS_KEY   the root key; without them the server makes one at the first start
  CARILLON_MASTER_KEY                                  the key that encrypts the secrets of access keys; without it the server makes one`

const groups: readonly { readonly flags: RegExp; readonly heading: string }[] = [
  { flags: /^limit-/, heading: 'Limits on how many there may be:' },
  { flags: /^rate-/, heading: 'Limits on calls a second:' },
]

function optionOf({ flag, placeholder, fallback, meaning }: (typeof settings)[SettingName]): Option {
  const variable = variableOf(flag)
  const standard = fallback === undefined ? '' : `; default ${String(fallback)}`
  let option: Option
  if (placeholder !== undefined) option = new Option(`--${flag} <${placeholder}>`, `${meaning} (${variable}${standard})`)
  else if (fallback) option = new Option(`--no-${flag}`, `without ${meaning} (${variable}=off; default on)`)
  else option = new Option(`--${flag}`, `${meaning} (${variable}=on; default off)`)
  const group = groups.find(({ flags }) => flags.test(flag))
  return group ? option.helpGroup(group.heading) : option
}

/**
 * Adds a flag for each setting, so that a command accepts the flags that its server was started with. Its help shows the settings
 * that identify the database, and those that it `uses`.
 */
export function addSettings(command: Command, uses: readonly SettingName[] = []): Command {
  const shown = new Set<string>([...ofDatabase, ...uses])
  for (const [name, setting] of Object.entries(settings)) command.addOption(optionOf(setting).hideHelp(!shown.has(name)))
  return command.addHelpText('after', others)
}

/** Adds a flag for each setting to the server's own command, whose help shows all of them. */
export function addAllSettings(command: Command): Command {
  for (const setting of Object.values(settings)) command.addOption(optionOf(setting))
  return command.addHelpText('after', variablesOnly)
}

/** Flags by commander's names. A switch that is on by default is false if its flag is given, and true otherwise; others are true if given. */
export type Flags = Readonly<Record<string, string | boolean>>

/** Resolves relative paths against the folder in which the command was typed: npm runs a script in the folder of its package. */
function enterInvokingFolder() {
  const { INIT_CWD, npm_package_json: packageFile } = process.env
  if (INIT_CWD && packageFile && dirname(packageFile) === process.cwd()) process.chdir(INIT_CWD)
}

/** The configuration of a command with these flags. */
export function configOf(flags: Flags): Config {
  enterInvokingFolder()
  const named = Object.entries(settings).map(([name, { flag, fallback }]) => {
    const given = flags[camelCase(flag)]
    return [name, typeof given === 'boolean' ? (given === fallback ? undefined : given ? 'on' : 'off') : given] as const
  })
  return readConfig(Object.fromEntries(named), process.env)
}

const camelCase = (flag: string) => flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
