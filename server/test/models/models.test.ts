import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { expect, test } from 'vitest'
import { carillonOperations, operations } from '../../src/contract/index.ts'
import type { Operation } from '../../src/contract/operation.ts'
import { openApi } from '../../src/models/open-api.ts'
import { clientOperations } from '../../src/models/typescript.ts'
import { differences, contractFacts, modelFacts, type Model } from '../contract/facts.ts'
import { main, root, run, shell, temporaryFolder } from '../support/process.ts'
import { onBothDatabases } from '../support/world.ts'

const hasBoto3 = await promisify(execFile)('python3', ['-c', 'import boto3']).then(
  () => true,
  () => false,
)

/** Writes the models as a user does. */
async function writeModels() {
  const folder = await temporaryFolder()
  const { code, stdout } = await run(process.execPath, [main, 'models', folder])
  expect(code).toBe(0)
  const files = stdout.trim().split('\n')
  const read = async (name: string) =>
    JSON.parse(
      await readFile(
        files.find(file => file.endsWith(name))!,
        'utf8',
      ),
    ) as unknown
  return { folder, read }
}

test('carillon models writes a model for boto3 that agrees in every fact with the contract', async () => {
  const { read } = await writeModels()
  const model = (await read('service-2.json')) as Model
  expect(Object.keys(model.operations)).toEqual(Object.keys(carillonOperations))
  for (const [name, operation] of Object.entries(carillonOperations))
    expect([name, differences(modelFacts(model, name), contractFacts(operation))]).toEqual([name, []])
})

test('the OpenAPI document has every operation of the three services', () => {
  const { paths } = openApi() as unknown as { paths: Record<string, Record<string, { operationId: string }>> }
  const names = Object.values(paths).flatMap(methods => Object.values(methods).map(({ operationId }) => operationId))
  expect(names.toSorted()).toEqual(Object.keys({ ...operations, ...carillonOperations }).toSorted())
})

interface Described {
  readonly operationId: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: { readonly 'application/json': { readonly schema: { readonly required?: readonly string[] } } }
  }
}

test('in the OpenAPI document each operation has the parameters of its path, and a body is required if a member of it is', () => {
  const { paths } = openApi() as unknown as { paths: Record<string, Record<string, Described>> }
  const all: Readonly<Record<string, Operation>> = { ...operations, ...carillonOperations }
  for (const [path, methods] of Object.entries(paths)) {
    for (const { operationId, parameters, requestBody } of Object.values(methods)) {
      const inPath = parameters.filter(parameter => parameter.in === 'path')
      expect([operationId, inPath.map(({ name }) => `{${name}}`).toSorted()]).toEqual([
        operationId,
        (path.match(/\{\w+\}/g) ?? []).toSorted(),
      ])
      expect(inPath.every(({ required }) => required)).toBe(true)
      const { input, bindings } = all[operationId]!
      const required = (input.required ?? []).filter(member => bindings[member]!.in === 'body')
      expect([operationId, requestBody?.required ?? false]).toEqual([operationId, required.length > 0])
      expect([operationId, requestBody?.content['application/json'].schema.required ?? []]).toEqual([operationId, required])
    }
  }
})

test.skipIf(!hasBoto3)('the patterns of the OpenAPI document are for other languages, too: Python compiles them', async () => {
  const { folder } = await writeModels()
  const program = `
import json, re, sys
def patterns(value):
  if isinstance(value, list): return [each for item in value for each in patterns(item)]
  if not isinstance(value, dict): return []
  own = [value['pattern']] if isinstance(value.get('pattern'), str) else []
  return own + [each for item in value.values() for each in patterns(item)]
found = [re.compile(each) for each in patterns(json.load(open(sys.argv[1] + '/carillon/openapi.json')))]
names = [each for each in found if each.search('Ann \\U0001F600') and not each.search('\\ud800')]
print(len(names) > 0, any(each.search('\\x07') for each in names))
`
  const { stdout } = await promisify(execFile)('python3', ['-c', program, folder])
  expect(stdout.trim()).toBe('True False')
})

test('the types and routes of carillon/client are those of the contract', async () => {
  const file = join(root, 'server/src/client/operations.ts')
  const options = { ...(await resolveConfig(file)), filepath: file }
  await expect(await format(clientOperations(), options)).toMatchFileSnapshot(file)
})

onBothDatabases('With the model', world => {
  test.skipIf(!hasBoto3)('boto3 calls our operations with the same credentials as those of Amazon, page by page', async () => {
    const { folder } = await writeModels()
    const { app, messaging } = world()
    const { arn, user } = await world().appInstance(['ann', 'ben', 'cid'])
    const { ChannelArn } = await messaging.createChannel({
      AppInstanceArn: arn,
      Name: 'channel',
      MemberArns: ['ann', 'ben', 'cid'].map(user),
      ChimeBearer: user('ann'),
    })
    await messaging.updateChannelReadMarker({ ChannelArn, ChimeBearer: user('ben') })
    const program = `
import boto3, sys
carillon = boto3.client('carillon', endpoint_url=sys.argv[1])
pages = carillon.get_paginator('list_channel_read_markers').paginate(
  ChannelArn=sys.argv[2], ChimeBearer=sys.argv[3], PaginationConfig={'PageSize': 2})
for page in pages:
  print([(each['Member']['Name'], 'ReadMarkerTimestamp' in each) for each in page['ChannelReadMarkers']])
print(list(pages.build_full_result()))
try:
  carillon.put_channel_read_marker(ChannelArn=sys.argv[2], MessageId='none', ChimeBearer=sys.argv[3])
except carillon.exceptions.NotFoundException as error:
  print(error.response['Error']['Code'], error.response['Reason'][:18])
`
    const env = shell({
      AWS_DATA_PATH: folder,
      AWS_ACCESS_KEY_ID: app.rootKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: app.rootKey.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
    })
    const { stdout } = await promisify(execFile)('python3', ['-c', program, app.url, ChannelArn!, user('ann')], { env })
    expect(stdout.trim().split('\n')).toEqual([
      "[('ann', False), ('ben', True)]",
      "[('cid', False)]",
      "['ChannelReadMarkers', 'ChannelArn']",
      'NotFoundException There is no messag',
    ])
  })
})
