import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alice, channel, instance, message, outcomeOfSend, refusal, send, sendRefusal } from './coding.ts'
import { cpuTime } from '../support/cpu-time.ts'

const refusalOfValues = (StringValues: string[]) => sendRefusal({ ...message, MessageAttributes: { a: { StringValues } } })

const refusalOfFlow = (body: object) =>
  refusal('CreateChannelFlow', { body: { AppInstanceArn: instance, ClientRequestToken: 'token', ...body } })

describe('a limit that is broken', () => {
  test("is reported in Amazon's sentences, all in one message, with a reason if there is more to say", () => {
    const query = `app-instance-arn=${encodeURIComponent(instance)}&max-results=51&privacy=public`
    const { message, reason, status } = refusal('ListChannels', { query })
    expect(status).toBe(400)
    expect(message).toBe(
      "2 validation errors detected: Value 'public' at 'privacy' failed to satisfy constraint: Member must satisfy enum value set: " +
        "[PUBLIC, PRIVATE]; Value '51' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 50",
    )
    expect(reason).toBe('privacy must be in capitals.')
  })

  test('of a member that is missing says where a request carries the member', () => {
    const { message, reason } = refusal('ListChannels', {})
    expect(message).toBe(
      "1 validation error detected: Value null at 'appInstanceArn' failed to satisfy constraint: Member must not be null",
    )
    expect(reason).toBe('AppInstanceArn is required and travels as the query parameter app-instance-arn.')
  })

  test('of a time asks for the form that the place of the time has: a number in a body, ISO 8601 in a query', () => {
    const inBody = refusal('SearchMessages', { body: { SearchText: 'a', NotBefore: '2023-01-02T03:04:05Z' } })
    expect(inBody.message).toContain(
      "at 'notBefore' failed to satisfy constraint: Member must be a timestamp, a number of seconds since 1970",
    )
    const inQuery = refusal('ListChannelMessages', { params: { channelArn: channel }, query: 'not-before=1672628645' })
    expect(inQuery.message).toContain("at 'notBefore' failed to satisfy constraint: Member must be a timestamp in ISO 8601 format")
  })

  test('of a member that is missing describes the structure, and says what the body has instead', () => {
    expect(refusalOfFlow({ Name: 'flow' }).reason).toBe(
      'Processors is required and travels in the body as Processors: [{Name, Configuration, ExecutionOrder, FallbackAction}].',
    )
    const Processors = [
      { Name: 'p', Configuration: { Lambda: { ResourceArn: 'x', InvocationType: 'ASYNC' } }, ExecutionOrder: 1, FallbackAction: 'ABORT' },
    ]
    expect(refusalOfFlow({ Processors, name: 'flow', 'no name': 1, ['x'.repeat(65)]: 1 }).reason).toContain(
      'Name is required and travels in the body as Name. The body has name, which this operation does not have.',
    )
    expect(refusalOfFlow({ Processors, a: 1, b: 2, c: 3, d: 4 }).reason).toContain(
      'The body has a, b, c and more, which this operation does not have.',
    )
  })

  test.each([
    [{ Name: '' }, "Value at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1"],
    [{ Name: 'a'.repeat(257) }, "Value at 'name' failed to satisfy constraint: Member must have length less than or equal to 256"],
    [{ Name: 5 }, "Value at 'name' failed to satisfy constraint: Member must be a string"],
    [{ Tags: [] }, "Value at 'tags' failed to satisfy constraint: Member must have length greater than or equal to 1"],
    [{ Tags: [{ Key: 'a' }] }, "Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null"],
    [{ Tags: ['a'] }, "Value at 'tags.1.member' failed to satisfy constraint: Member must be a structure"],
    [
      { MemberArns: [alice, 'bob.'] },
      "Value 'bob.' at 'memberArns.2.member' failed to satisfy constraint: Member must have length greater",
    ],
    [{ MemberArns: [null] }, "Value at 'memberArns.1.member' failed to satisfy constraint: Member must be a string"],
    [{ Mode: 'x'.repeat(100) }, `Value '${'x'.repeat(64)}…' at 'mode' failed to satisfy constraint: Member must satisfy enum value set: [`],
    [
      { ExpirationSettings: { ExpirationDays: 0, ExpirationCriterion: 'CREATED_TIMESTAMP' } },
      "Value '0' at 'expirationSettings.expirationDays' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    [
      { ClientRequestToken: 'secret!' },
      "Value at 'clientRequestToken' failed to satisfy constraint: Member must satisfy regular expression pattern: [-_a-zA-Z0-9]*",
    ],
  ])('names the member of %j in lower camel case', (wrong, sentence) => {
    const body = { AppInstanceArn: instance, Name: 'a', ClientRequestToken: 'token', ...wrong }
    expect(refusal('CreateChannel', { body }).message).toContain(sentence)
  })

  test('does not show the values of sensitive members, even in dictionaries', () => {
    const secret = 'swordfish'.repeat(100)
    const wrong = { Metadata: secret.repeat(3), ContentType: secret, MessageAttributes: { [secret]: { StringValues: [secret] } } }
    const { message: text, reason } = sendRefusal({ ...message, ...wrong, ClientRequestToken: secret })
    expect(text).toContain("Value at 'messageAttributes' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have")
    expect(text).toContain("Value at 'messageAttributes.value.stringValues.1.member' failed")
    expect(`${text} ${reason}`).not.toContain('swordfish')
    expect(refusal('UntagResource', { body: { ResourceARN: channel, TagKeys: secret } }).message).not.toContain('swordfish')
  })

  test('of length counts code points, not code units', () => {
    const emoji = '\u{1F600}'
    expect(send({ ...message, Metadata: emoji.repeat(1024) })['Metadata']).toHaveLength(2048)
    expect(sendRefusal({ ...message, Metadata: `${emoji.repeat(1024)}a` }).reason).toBe('metadata has length 1025.')
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', emoji, '\uD800', 'é'), { minLength: 1020, maxLength: 1028 }), units => {
        const Metadata = units.join('')
        const isShort = Array.from(Metadata).length <= 1024
        expect(outcomeOfSend({ ...message, Metadata })).toBe(isShort ? 'accepted' : 'BadRequestException')
      }),
    )
  })

  test('in many members reports some and stays short', () => {
    const Tags = Array.from({ length: 50 }, () => ({ Key: '', Value: '' }))
    const { message: text } = refusal('TagResource', { body: { ResourceARN: channel, Tags } })
    expect(text.length).toBeLessThan(2000)
  })

  test('in a very long list is reported as quickly, even if the fault is near its end', () => {
    const StringValues = Array.from({ length: 200_000 }, () => 'a')
    const start = cpuTime()
    expect(refusalOfValues(Array.from({ length: 200_000 }, () => '')).message).toMatch(/^8 validation errors detected/)
    expect(refusalOfValues([...StringValues, '']).message).toBe('A value after the first 101 of a list is invalid.')
    const { reason } = refusal('UntagResource', { body: { ResourceARN: channel, TagKeys: StringValues } })
    expect(reason).toBe('tagKeys has 200000 items.')
    expect(cpuTime() - start).toBeLessThan(2000)
  })
})
