import { expect, test } from 'vitest'
import { pythons } from './clients.ts'
import { output, ran } from './ran-example.ts'

test('the JavaScript example lists the channels of Bob', async () => {
  expect(await ran(process.execPath, 'javascript_main_job.mjs')).toEqual({ code: 0, stdout: output, stderr: '' })
})

test('the seed of the browser example creates users, and prints the settings of its page', async () => {
  const { stdout, ...rest } = await ran(process.execPath, 'browser/seed.mjs')
  expect(rest).toEqual({ code: 0, stderr: '' })
  expect(stdout.replaceAll(/[\w-]{36}/g, 'ID')).toMatch(
    /^Endpoint {2}http:\S+:\d+\nKeys {6}the two in \/\S+\/credentials\nAlice {5}arn:\S+:app-instance\/ID\/user\/alice\nBob {7}arn:\S+:app-instance\/ID\/user\/bob\n$/,
  )
})

test.skipIf(pythons.length === 0)('the boto3 example lists the channels of Bob', async () => {
  expect(await ran(pythons[0]!, 'boto3_main_job.py')).toEqual({ code: 0, stdout: output, stderr: '' })
})
