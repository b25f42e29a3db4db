import type { Command } from 'commander'
import { changeAccessKey, createAccessKey, removeAccessKey, requireAccessKey } from '../keys/access-keys.ts'
import { replaceLostMasterKey, rotateMasterKey } from '../keys/master-keys.ts'
import { userArn } from '../keys/principals.ts'
import { longestCredentials } from '../keys/session-token.ts'
import { masterKeySource } from '../secrets/master-key.ts'
import { accessKeys, type StoredAccessKey } from '../store/access-keys.ts'
import { exported, regionVariables } from './exported.ts'
import { requirePolicy, type PolicyFlags } from './policy-file.ts'
import { addSettings } from './settings.ts'
import { columns, withDatabase } from './with-database.ts'

const statusOf = ({ disabledAt }: StoredAccessKey) => (disabledAt ? 'disabled' : 'enabled')

async function create({ name, ...flags }: PolicyFlags & { name?: string }) {
  const policy = await requirePolicy(flags)
  await withDatabase(flags, async (db, config) => {
    const { id, secret } = await createAccessKey(db, masterKeySource(config), { name, policy, now: Date.now() })
    const variables = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, ...regionVariables(config.region) }
    process.stdout.write(exported(variables))
    process.stderr.write('The secret is shown only now; the server stores it encrypted.\n')
  })
}

async function list(flags: object) {
  await withDatabase(flags, async db => {
    const rows = (await accessKeys(db)).map(key => [key.id, key.name, statusOf(key), key.createdAt.toISOString()])
    process.stdout.write(columns([['ACCESS KEY ID', 'NAME', 'STATUS', 'CREATED'], ...rows]))
  })
}

async function show(idOrName: string, flags: object) {
  await withDatabase(flags, async (db, { account }) => {
    const key = await requireAccessKey(db, idOrName)
    const shown = {
      AccessKeyId: key.id,
      UserName: key.name,
      Arn: userArn(account, key.name),
      Status: statusOf(key),
      CreateDate: key.createdAt,
      Policy: JSON.parse(key.policy) as unknown,
    }
    process.stdout.write(`${JSON.stringify(shown, undefined, 2)}\n`)
  })
}

const setDisabled = (isDisabled: boolean) => async (idOrName: string, flags: object) => {
  await withDatabase(flags, async db => {
    const { id, name } = await changeAccessKey(db, idOrName, () => ({ disabledAt: isDisabled ? Date.now() : undefined }))
    process.stdout.write(`${id} (${name}) is ${isDisabled ? 'disabled' : 'enabled'}\n`)
  })
}

async function update(idOrName: string, flags: PolicyFlags) {
  const policy = await requirePolicy(flags)
  await withDatabase(flags, async db => {
    const { id, name } = await changeAccessKey(db, idOrName, () => ({ policy }))
    process.stdout.write(`${id} (${name}) has the new policy\n`)
  })
}

async function remove(idOrName: string, flags: object) {
  await withDatabase(flags, async db => {
    const { id, name } = await removeAccessKey(db, idOrName)
    process.stdout.write(`${id} (${name}) is deleted\n`)
  })
}

async function rotate({ atOnce = false, lost = false, ...flags }: { atOnce?: boolean; lost?: boolean }) {
  await withDatabase(flags, async (db, config) => {
    const now = Date.now()
    if (lost) {
      const { count, id } = await replaceLostMasterKey(db, masterKeySource(config), now)
      process.stdout.write(
        `${count} ${count === 1 ? 'access key is' : 'access keys are'} deleted, since nobody can decrypt the secrets any more. The master key is ${id} now.\n`,
      )
      return
    }
    const { count, id } = await rotateMasterKey(db, masterKeySource(config), now, atOnce)
    const until = new Date(now + longestCredentials * 1000).toISOString()
    const old = atOnce ? 'The old one decrypts nothing any more' : `Session tokens under the old one are accepted until ${until}`
    process.stdout.write(`${count} ${count === 1 ? 'secret is' : 'secrets are'} encrypted under the master key ${id} now. ${old}.\n`)
  })
}

/** Adds `carillon keys …`. */
export function addKeys(program: Command) {
  const keys = program.command('keys').description('manage access keys, and the master key that encrypts them')
  addSettings(
    keys
      .command('create')
      .description('make an access key and print it; its secret is never shown again')
      .option('--name <name>', 'the IAM user name of the key (default: the key id)')
      .option('--policy <file>', "a file with the policy of the key, in IAM's JSON")
      .option('--user <arn>', 'instead of a policy: let the key act as this AppInstanceUser on all its channels'),
    ['region'],
  ).action(create)
  addSettings(
    keys
      .command('update <key>')
      .description('give an access key, by its id or name, another policy, which its temporary credentials get too')
      .option('--policy <file>', "a file with the policy of the key, in IAM's JSON")
      .option('--user <arn>', 'instead of a policy: let the key act as this AppInstanceUser on all its channels'),
  ).action(update)
  addSettings(keys.command('list').description('list the access keys')).action(list)
  addSettings(keys.command('show <key>').description('show an access key, by its id or name, without its secret'), ['account']).action(show)
  addSettings(keys.command('disable <key>').description('disable an access key and its temporary credentials, within a second')).action(
    setDisabled(true),
  )
  addSettings(keys.command('enable <key>').description('enable a disabled access key')).action(setDisabled(false))
  addSettings(keys.command('delete <key>').description('delete an access key for good')).action(remove)
  addSettings(
    keys
      .command('rotate-master-key')
      .description('encrypt all secrets with a new master key')
      .option('--at-once', 'also end all temporary credentials; use it when others have seen the master key')
      .option('--lost', 'start with a new master key because the old one is lost, and delete the access keys that it encrypted'),
  ).action(rotate)
}
