import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Exporting, Source } from '../moving/export.ts'
import type { Manifest } from '../moving/folder.ts'
import { quoted } from './quoted.ts'
import { rateOf, rateOption } from './rate.ts'
import { addSettings } from './settings.ts'
import { columns, withDatabase } from './with-database.ts'

/** The counts of the lines, one row for each kind. */
export const countsOf = ({ counts }: Manifest) => columns(Object.entries(counts).map(([type, count]) => [`  ${type}`, String(count)]))

const linesOf = ({ parts }: Manifest) => parts.reduce((sum, { lines }) => sum + lines, 0)

interface Choice {
  readonly rate: string
  readonly fromAmazon?: true
  readonly fromUrl?: string
  readonly bearer?: string
  readonly calls: string
}

/** The credentials in the environment variables of AWS. */
function credentialsOf({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_SESSION_TOKEN: sessionToken,
}: NodeJS.ProcessEnv) {
  if (!accessKeyId || !secretAccessKey)
    throw new Error(
      'An export through the API needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN with temporary credentials. ' +
        '`aws configure export-credentials --format env` prints those of a profile.',
    )
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
}

/** The two APIs of Amazon's service in a region, or of the server of a URL. */
function apiUrlsOf(region: string, fromUrl: string | undefined) {
  const url = (service: string) => new URL(fromUrl ?? `https://${service}-chime.${region}.amazonaws.com`)
  return { identity: url('identity'), messaging: url('messaging') }
}

/** The app instance at Amazon, or at another server of the API. */
async function apiSource(arn: string, { fromUrl, bearer, calls }: Choice): Promise<Source> {
  if (bearer === undefined) throw new Error('An export through the API needs --bearer: the ARN of an AppInstanceAdmin.')
  const [{ ApiClient }, { FromApi }] = await Promise.all([import('../moving/api-client.ts'), import('../moving/from-api.ts')])
  const region = arn.split(':')[3] || 'us-east-1'
  const urls = apiUrlsOf(region, fromUrl)
  const client = new ApiClient(urls, region, credentialsOf(process.env), rateOf(calls, '--calls'))
  return new FromApi(client, { arn, bearer, origin: urls.messaging.origin, now: Date.now })
}

const lost = `The API does not show the following, so it is not exported: targeted messages, preferences of members, messages that a channel
flow holds back, and which of two users with the same id has sent a message. docs/moving.md has the whole list.
`

async function exportAppInstance(arn: string, folder: string, choice: Choice) {
  const { rate, fromAmazon, fromUrl, bearer: _, calls: __, ...flags } = choice
  const target = resolve(folder)
  const exporting: Exporting = {
    now: Date.now,
    rate: rateOf(rate, '--rate'),
    progress: part =>
      process.stderr.write(`${linesOf(part)} lines in ${part.parts.length} ${part.parts.length === 1 ? 'part' : 'parts'}\n`),
  }
  const { exportTo } = await import('../moving/export.ts')
  const finish = (manifest: Manifest) => void process.stdout.write(`${arn} is exported to ${quoted(target)}:\n${countsOf(manifest)}`)
  if (fromAmazon || fromUrl !== undefined) {
    process.stderr.write(lost)
    // After an interruption at most the calls of some minutes are repeated.
    finish(await exportTo(target, await apiSource(arn, choice), { ...exporting, linesOfPart: 2000 }))
    return
  }
  await withDatabase(flags, async db => {
    const { fromDatabase } = await import('../moving/from-database.ts')
    finish(await exportTo(target, fromDatabase(db, arn), exporting))
  })
}

/** Adds `carillon export ARN FOLDER`. */
export function addExport(program: Command) {
  addSettings(
    program
      .command('export <arn> <folder>')
      .description(
        'write an app instance to a folder, also while a server is using the database; after an interruption, run it again to continue',
      )
      .option(...rateOption)
      .option('--from-amazon', "reads from Amazon's service, with the credentials of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
      .option('--from-url <url>', 'reads from another server of the API, with the same credentials')
      .option('--bearer <arn>', 'the ARN of the AppInstanceAdmin who makes the calls of the API')
      .option('--calls <number>', 'the most calls of the API a second', '10'),
  ).action(exportAppInstance)
}
