import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alice, channel, decode, encode, message, outcomeOfSend, send, sendRefusal } from './coding.ts'
import { cpuTime } from '../support/cpu-time.ts'

describe('a body', () => {
  test('is decoded to members of the contract only, with null counting as absent at every depth', () => {
    const PushNotification = { Title: 'a', Body: null, Sound: 'ping' }
    const MessageAttributes = { kept: { StringValues: ['b'], Other: 1 }, empty: { StringValues: null }, none: null }
    expect(send({ ...message, Metadata: null, Surprise: { deep: [1] }, PushNotification, MessageAttributes })).toEqual({
      ...message,
      ChannelArn: channel,
      ChimeBearer: alice,
      PushNotification: { Title: 'a' },
      MessageAttributes: { kept: { StringValues: ['b'] }, empty: {} },
    })
  })

  test('may be empty, which counts as an empty object', () => {
    const params = { channelArn: channel, messageId: 'm' }
    const input = { ChannelArn: channel, MessageId: 'm', ChimeBearer: alice }
    for (const body of ['', '{}', ' {} ', '\uFEFF{}', '{"SubChannelId":null}']) {
      expect(decode('RedactChannelMessage', { params, body })).toEqual(input)
    }
  })

  test('carries any content unharmed: U+0000, lone surrogates, emoji, escaped or raw', () => {
    expect(send(JSON.stringify(message).replace('hello', String.raw`\u0000\ud83d\ude00\ud800`))['Content']).toBe('\u0000\u{1F600}\uD800')
    const codeUnits = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1 }).map(units => String.fromCharCode(...units))
    fc.assert(
      fc.property(fc.oneof(codeUnits, fc.string({ unit: 'binary', minLength: 1 })), Content => {
        expect(send({ ...message, Content })['Content']).toBe(Content)
        const json = encode('GetChannelMessage', { ChannelMessage: { Content } }) ?? ''
        expect(Buffer.from(json).toString()).toBe(json)
        expect(JSON.parse(json)).toEqual({ ChannelMessage: { Content } })
      }),
    )
  })

  test('cannot reach a prototype, and __proto__ is an attribute name like any other', () => {
    const attributes = '{"__proto__":{"StringValues":["a"]},"constructor":{"StringValues":["b"]}}'
    const input = send(`{"__proto__":{"Metadata":"stolen"},"MessageAttributes":${attributes},${JSON.stringify(message).slice(1)}`)
    expect(input['Metadata']).toBeUndefined()
    expect(Object.getPrototypeOf(input)).toBe(Object.prototype)
    expect(JSON.stringify(input['MessageAttributes'])).toBe(attributes)
    expect(encode('GetChannelMessage', { ChannelMessage: { MessageAttributes: JSON.parse(attributes) } })).toContain(attributes)
  })

  test('that is not JSON is refused with the position of the error and without its text', () => {
    const secret = 'swordfish'
    for (const [body, position] of [
      [`{"Content": "${secret}", x}`, 25],
      [`{"a": ${secret}}`, 6],
      [`{"Content": "${secret}"`, 23],
      [`{"Content": "${secret}`, 22],
      ['{"a": [1, 2,]}', 12],
      ['{"a": tru}', 9],
      ['undefined', 0],
      [' ', 1],
      ['{"a": "\n"}', 7],
      ['{} {}', 3],
    ] as const) {
      const { message } = sendRefusal(body)
      expect(message).toMatch(/^The body of the request is not valid JSON: [^"]+ at position \d+\.$/)
      expect(message).toContain(`at position ${position}.`)
      expect(message).not.toContain(secret)
    }
  })

  test('that is not an object or not UTF-8 is refused with a reason', () => {
    expect(sendRefusal('[]').message).toBe('The body of the request must be a JSON object, not a list.')
    expect(sendRefusal('null').message).toBe('The body of the request must be a JSON object, not null.')
    expect(sendRefusal('"text"').message).toBe('The body of the request must be a JSON object, not a string.')
    for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf0, 0x9f]]) {
      const body = Buffer.concat([Buffer.from('{"Content":"é'), Buffer.from(bytes), Buffer.from('"}')])
      expect(sendRefusal(body).message).toMatch(/^The body of the request is not valid UTF-8 at byte 1[4-6]\.$/)
    }
  })

  test('that is nested without end costs next to nothing', () => {
    const depth = 250_000
    const bodies = ['['.repeat(depth), '{"Content":'.repeat(depth), `{"Surprise":${'['.repeat(depth)}${']'.repeat(depth)}}`]
    const start = cpuTime()
    for (const body of bodies) expect(sendRefusal(body).message).toContain('nested more than 32 levels deep')
    expect(cpuTime() - start).toBeLessThan(2000)
  })

  test('that has brackets in strings does not count as nested', () => {
    const Content = String.raw`"[{\"[`.repeat(5000)
    expect(send({ ...message, Content })['Content']).toBe(Content)
  })

  test('of any shape is decoded or refused, and never fails the server', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.uint8Array()), body => {
        expect(sendRefusal(body).type).toBe('BadRequestException')
      }),
    )
    const anything = fc.jsonValue()
    const members = { MessageAttributes: anything, Target: anything, PushNotification: anything, Metadata: anything, Content: anything }
    fc.assert(
      fc.property(fc.record(members), body => {
        expect(outcomeOfSend({ ...message, ...body })).toMatch(/^(accepted|BadRequestException)$/)
      }),
    )
  })
})
