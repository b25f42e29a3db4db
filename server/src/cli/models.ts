import { mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'

/** The folder in which boto3 and the AWS CLI find models, in addition to their own and those in AWS_DATA_PATH. */
const usualFolder = () => join(homedir(), '.aws', 'models')

async function write(folder: string) {
  const { botocoreModel, botocorePaginators, modelVersion } = await import('../models/botocore.ts')
  const { openApi } = await import('../models/open-api.ts')
  const ours = join('carillon', modelVersion)
  const files = {
    [join(ours, 'service-2.json')]: botocoreModel(),
    [join(ours, 'paginators-1.json')]: botocorePaginators(),
    [join('carillon', 'openapi.json')]: openApi(),
  }
  for (const [name, content] of Object.entries(files)) {
    const file = resolve(folder, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, `${JSON.stringify(content, undefined, 2)}\n`)
    process.stdout.write(`${file}\n`)
  }
}

/** Adds `carillon models`. */
export function addModels(program: Command) {
  program
    .command('models')
    .description('write the models of the service carillon: for boto3 and the AWS CLI, and as OpenAPI')
    .argument('[folder]', 'where to write them; boto3 and the AWS CLI find them in the default folder, and in AWS_DATA_PATH', usualFolder())
    .action(write)
}
