import { expect, test } from 'vitest'
import { awsCommands } from './clients.ts'
import { output, ran } from './ran-example.ts'

test.skipIf(awsCommands.length === 0)('the AWS CLI example lists the channels of Bob', async () => {
  expect(await ran('bash', 'aws_cli_main_job.sh')).toEqual({ code: 0, stdout: output, stderr: '' })
})
