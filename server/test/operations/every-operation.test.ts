import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operations, type OperationName } from '../../src/contract/index.ts'
import { countLimits } from '../../src/settings/limits.ts'
import { statement } from '../../src/database/database.ts'
import { databaseKinds, refusal, startWorld, type World } from '../support/world.ts'
import { cases } from './cases.ts'
import { call, makeFixture, type AnyInput, type Fixture } from './fixture.ts'

const names = Object.keys(operations) as OperationName[]

/** They have tests of their own: test/rates/rates.test.ts, below, and test/database/outage.test.ts. */
const elsewhere = new Set(['ThrottledClientException', 'ServiceFailureException', 'ServiceUnavailableException'])

/** Members that name something by an ARN of this service: a text that is no ARN there is a BadRequest. */
const arnMembers = ['ChannelArn', 'ChannelFlowArn', 'AppInstanceArn', 'AppInstanceUserArn', 'AppInstanceBotArn', 'ResourceARN']

/** What is refused in the same way everywhere. */
function sameEverywhere(name: OperationName): Partial<Record<string, (f: Fixture, input: AnyInput) => Promise<unknown>>> {
  const { bearer, bindings } = operations[name]
  const arn = arnMembers.find(member => member in bindings)
  return {
    ...(bearer && {
      UnauthorizedClientException: (f: Fixture, input: AnyInput) => call(f, name, { ...input, ChimeBearer: f.nobody }),
      ForbiddenException: (f: Fixture, input: AnyInput) => call(f, name, { ...input, ChimeBearer: f.stranger }),
    }),
    ...(arn && { BadRequestException: (f: Fixture, input: AnyInput) => call(f, name, { ...input, [arn]: 'arn:aws:s3:::bucket' }) }),
  }
}

describe('the table of every operation', () => {
  test.each(names)('%s has a case for each error that it declares, or says that there is no cause', name => {
    const { errors = {}, causeless = [] } = cases[name]
    const covered = new Set([
      ...Object.keys(errors).map(error => `${error}Exception`),
      ...causeless.map(error => `${error}Exception`),
      ...Object.keys(sameEverywhere(name)),
      ...(operations[name].bearer ? [] : ['UnauthorizedClientException']),
    ])
    expect(operations[name].errors.filter(error => !covered.has(error) && !elsewhere.has(error))).toEqual([])
  })
})

describe.each(databaseKinds)('every operation, on %s', kind => {
  let world: World
  let limited: World
  beforeAll(async () => {
    world = await startWorld(kind, { appInstances: '100000', elasticChannelsPerAppInstance: '100', search: 'on' })
    const three = Object.fromEntries(Object.keys(countLimits).map(limit => [limit, '3']))
    limited = await startWorld(kind, { ...three, usersPerAppInstance: '5', membershipsPerUser: '9', appInstances: '9', search: 'on' })
  })
  afterAll(async () => {
    await world.close()
    await limited.close()
  })

  test.each(names)('%s succeeds with all its inputs', async name => {
    const fixture = await makeFixture(world)
    const inputs = await cases[name].inputs(fixture)
    const given = new Set(inputs.flatMap(Object.keys))
    // A callback is sent by a processor: test/outbox/flows.test.ts.
    const missing = name === 'ChannelFlowCallback' ? [] : Object.keys(operations[name].bindings).filter(member => !given.has(member))
    // SDKs fill in the token where the input has none.
    expect(missing.filter(member => member !== operations[name].idempotencyToken)).toEqual([])
    for (const input of inputs) {
      const { $metadata } = (await call(fixture, name, input)) as { $metadata?: { httpStatusCode?: number } }
      expect($metadata?.httpStatusCode).toBe(operations[name].status)
    }
  })

  const refused = names.flatMap(name => {
    const everywhere = Object.entries(sameEverywhere(name)).map(([type, make]) => ({
      name,
      type,
      make: async (f: Fixture) => make!(f, (await cases[name].inputs(f))[0] ?? {}),
    }))
    const own = Object.entries(cases[name].errors ?? {}).map(([error, make]) => ({ name, type: `${error}Exception`, make }))
    return [...everywhere, ...own]
  })
  // The refusals of one operation share a fixture: none depends on what another has created. Where limits are small each has its own.
  let shared: { readonly name: OperationName; readonly fixture: Fixture } | undefined
  test.each(refused)('$name is refused with $type', async ({ name, type, make }) => {
    const isOfLimits = type === 'ResourceLimitExceededException' && name !== 'TagResource'
    if (!isOfLimits && shared?.name !== name) shared = { name, fixture: await makeFixture(world) }
    const fixture = isOfLimits ? await makeFixture(limited) : shared!.fixture
    expect(await refusal(make(fixture))).toMatchObject({ name: type })
    if (isOfLimits) await fixture.remove()
  })

  test('a call to a database that has lost a table is answered with 500, which says nothing about the database', async () => {
    const broken = await startWorld(kind)
    const { arn } = await makeFixture(broken)
    await broken.app.db.run(statement('drop table tags'))
    const answer = await refusal(broken.identity.listTagsForResource({ ResourceARN: arn }))
    expect(answer).toMatchObject({ name: 'ServiceFailureException', code: 'ServiceFailure', status: 500, reason: undefined })
    expect(answer.message).not.toMatch(/tags|table|select/)
    await broken.close()
  })
})
