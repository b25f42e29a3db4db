import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The command where the shell finds it, and where Debian installs it, if it runs. */
async function installed(name: string, args: readonly string[]): Promise<string[]> {
  const found = run('sh', ['-c', `command -v ${name}`]).catch(() => ({ stdout: '' }))
  const places = [...new Set([(await found).stdout.trim(), `/usr/bin/${name}`])].filter(place => place !== '')
  const runs = async (place: string) =>
    run(place, args).then(
      () => [place],
      () => [],
    )
  return (await Promise.all(places.map(runs))).flat()
}

/** Each Python with boto3, and each AWS CLI, of the machine. Trying them takes seconds, so it is done once for the whole run. */
export async function installedClients() {
  const [pythons, awsCommands] = await Promise.all([installed('python3', ['-c', 'import boto3']), installed('aws', ['--version'])])
  return { pythons, awsCommands }
}
