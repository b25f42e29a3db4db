import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Check, type XSchema } from 'typebox/schema'
import { readDestinations } from '../../src/settings/destinations.ts'
import { isObject, type JsonObject } from '../../src/tools/json.ts'
import { root, temporaryFolder } from '../support/process.ts'

const schema = JSON.parse(await readFile(join(root, 'docs/destinations.schema.json'), 'utf8')) as XSchema
const isValid = (map: unknown) => Check(schema, map)

/** The maps that the pages show. */
async function shownMaps(): Promise<JsonObject[]> {
  const pages = await Promise.all(
    ['streaming', 'push', 'bots', 'channel-flows', 'eventbridge'].map(name => readFile(join(root, 'docs', `${name}.md`), 'utf8')),
  )
  const blocks = pages.flatMap(page => [...page.matchAll(/```json\n([^]*?)```/g)].map(([, block]) => block!))
  return blocks.filter(block => /^\{\s*"arn:/.test(block)).map(block => JSON.parse(block) as JsonObject)
}

const streamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/chime-messaging-audit'
const webhook = { type: 'webhook', url: 'https://audit.example.com', secretVariable: 'SECRET' }
const file = { type: 'file', path: '/var/lib/archive', maximumMegabytes: 5, keep: 2 }
const nats = { type: 'nats', url: 'nats://a:4222, tls://b', subject: 'a.b', jetStream: false, user: 'carillon', passwordVariable: 'SECRET' }
const values: readonly unknown[] = [
  undefined,
  null,
  '',
  'x',
  'https://x/@me',
  'https://x/?to=a@b',
  'https://a@x',
  'https://a:b@x/@c',
  'https://:b@x',
  0,
  1,
  true,
  [],
  {},
  'nats://x',
  'ftp://x',
  'file',
  'webhook',
  'nats',
  '/x',
]

test('the schema accepts the files of destinations of the pages, and no member or entry that they do not have', async () => {
  const maps = await shownMaps()
  expect(maps.length).toBeGreaterThan(5)
  for (const map of maps) {
    expect(isValid({ $schema: './destinations.schema.json', ...map })).toBe(true)
    expect(isValid({ ...map, 'arn:aws:s3:::x': webhook })).toBe(false)
    for (const [arn, entry] of Object.entries(map)) {
      if (!isObject(entry)) throw new Error('no object')
      const parts = Object.entries(entry).filter(([, part]) => isObject(part))
      const larger = parts.map(([name, part]) => ({ ...entry, [name]: { ...(part as JsonObject), header: 'x' } }))
      for (const wrong of [{ ...entry, header: 'x' }, ...larger]) expect(isValid({ [arn]: wrong })).toBe(false)
    }
  }
})

test('the schema and the server refuse the same streams', async () => {
  const path = join(await temporaryFolder(), 'destinations.json')
  const environment = { SECRET: 'a secret of twenty characters', CARILLON_SECRET: 'a secret of twenty characters' }
  const isTaken = async (map: unknown) => {
    await writeFile(path, JSON.stringify(map))
    return readDestinations(path, environment).then(
      () => true,
      () => false,
    )
  }
  const changed = [webhook, file, nats].flatMap(entry =>
    [...Object.keys(entry), 'secretFile', 'tokenVariable'].flatMap(member => values.map(value => ({ ...entry, [member]: value }))),
  )
  const ours = { ...webhook, secretVariable: 'CARILLON_SECRET' }
  expect([isValid({ [streamArn]: ours }), await isTaken({ [streamArn]: ours })]).toEqual([false, false])
  for (const entry of [webhook, file, nats, ...changed]) {
    const map = JSON.parse(JSON.stringify({ [streamArn]: entry })) as JsonObject
    // A variable or file of that name does not exist, which no schema can know.
    if (Object.entries(entry).some(([name, value]) => /Variable$|File$/.test(name) && value !== undefined && value !== 'SECRET')) continue
    expect([map, isValid(map)]).toEqual([map, await isTaken(map)])
  }
})
