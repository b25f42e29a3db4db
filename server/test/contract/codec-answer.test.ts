import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonText } from '../../src/contract/common.ts'
import { operations } from '../../src/contract/index.ts'
import { codecOf } from '../../src/http/codec.ts'
import { encode } from './coding.ts'

const createdAt = (milliseconds: number) => encode('DescribeChannel', { Channel: { CreatedTimestamp: new Date(milliseconds) } })

describe('an answer', () => {
  test('has its members in the order of the contract, without absent, null and unknown ones', () => {
    const ChannelMessage = { Redacted: false, Metadata: null, Content: 'a', MessageId: 'm', Secret: 'x' }
    expect(encode('GetChannelMessage', { ChannelMessage })).toBe('{"ChannelMessage":{"MessageId":"m","Content":"a","Redacted":false}}')
  })

  test('always has its top-level lists, and nested ones if they are given', () => {
    expect(encode('ListChannels', { NextToken: undefined })).toBe('{"Channels":[]}')
    expect(encode('ListTagsForResource', {})).toBe('{"Tags":[]}')
    expect(encode('ListChannelMessages', { ChannelMessages: [{ MessageId: 'm', Target: [] }] })).toBe(
      '{"ChannelMessages":[{"MessageId":"m","Target":[]}]}',
    )
  })

  test('has times as epoch seconds with the milliseconds as fraction', () => {
    expect(createdAt(1_700_000_000_123)).toBe('{"Channel":{"CreatedTimestamp":1700000000.123}}')
    expect(createdAt(1_700_000_000_000)).toBe('{"Channel":{"CreatedTimestamp":1700000000}}')
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 4e12 }), milliseconds => {
        expect(JSON.parse(createdAt(milliseconds) ?? '')).toEqual({ Channel: { CreatedTimestamp: milliseconds / 1000 } })
      }),
    )
  })

  test('passes JSON text through unchanged, at any depth', () => {
    expect(encode('ListChannels', { Channels: new JsonText('[{"Name":"a"}]'), NextToken: 'n' })).toBe(
      '{"Channels":[{"Name":"a"}],"NextToken":"n"}',
    )
    expect(encode('ListChannels', { Channels: [new JsonText('{"Name":"a"}'), { Name: new JsonText(String.raw`"\u0000"`) }] })).toBe(
      String.raw`{"Channels":[{"Name":"a"},{"Name":"\u0000"}]}`,
    )
    expect(encode('ListChannels', new JsonText('{"Channels":[]}'))).toBe('{"Channels":[]}')
    expect(encode('GetChannelMessage', { ChannelMessage: { MessageAttributes: new JsonText('{"a":{}}') } })).toContain('{"a":{}}')
  })

  test('is empty if the operation has no output', () => {
    for (const [name, operation] of Object.entries(operations)) {
      const isSilent = operation.status === 204 || name === 'AssociateChannelFlow'
      expect([name, codecOf(operation).encode(undefined) === undefined]).toEqual([name, isSilent])
    }
  })
})
