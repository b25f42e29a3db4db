import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alice, channel, decode, instance, message, refusal, send } from './coding.ts'

const list = (query: string) => decode('ListChannels', { query: `app-instance-arn=${encodeURIComponent(instance)}&${query}` })

const notBefore = (text: string) =>
  decode('ListChannelMessages', { params: { channelArn: channel }, query: `not-before=${encodeURIComponent(text)}` })['NotBefore']

describe('the path, the header and the query', () => {
  test('are decoded to their members, in any order and with selectors ignored', () => {
    const input = { AppInstanceUserArn: alice, MaxResults: 10, ChimeBearer: alice }
    const user = `app-instance-user-arn=${encodeURIComponent(alice)}`
    for (const query of [
      `scope=app-instance-user-memberships&${user}&max-results=10`,
      `${user}&max-results=10&scope=app-instance-user-memberships&`,
      `unknown=1&max%2Dresults=10&${user}&&operation`,
    ]) {
      expect(decode('ListChannelMembershipsForAppInstanceUser', { query })).toEqual(input)
    }
    expect(decode('DescribeChannel', { params: { channelArn: channel } })).toEqual({ ChannelArn: channel, ChimeBearer: alice })
  })

  test('may be any text after percent-encoding, and a literal plus is a plus', () => {
    expect(list('next-token=a+b%2B%20c')).toMatchObject({ NextToken: 'a+b+ c' })
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 }), text => {
        expect(list(`next-token=${encodeURIComponent(text)}`)['NextToken']).toBe(text)
      }),
    )
  })

  test('read an empty NextToken as none and keep a numeric-looking one as it is', () => {
    expect(list('next-token=')).not.toHaveProperty('NextToken')
    expect(list('next-token')).not.toHaveProperty('NextToken')
    expect(list('next-token=007')).toMatchObject({ NextToken: '007' })
  })

  test('refuse a broken escape, naming the parameter', () => {
    for (const value of ['%', '%4', '%zz', '%ff', '%ed%a0%80', '%c3%28']) {
      expect(refusal('ListChannels', { query: `next-token=${value}` }).message).toContain('next-token')
    }
    expect(refusal('ListChannels', { query: '%zz=1' }).message).toContain('not validly percent-encoded')
  })

  test('refuse a parameter that occurs twice', () => {
    expect(refusal('ListChannels', { query: 'privacy=PUBLIC&privacy=PRIVATE' }).message).toContain('privacy')
  })

  test('accept max-results only as a decimal integer', () => {
    expect(list('max-results=50')).toMatchObject({ MaxResults: 50 })
    for (const value of ['', 'ten', '1e1', '5.0', '0x5', '+5', ' 5', '99999999999999999999']) {
      const { message } = refusal('ListChannels', { query: `app-instance-arn=${encodeURIComponent(instance)}&max-results=${value}` })
      expect(message).toContain("at 'maxResults' failed to satisfy constraint: Member must be an integer")
    }
  })

  test('read true and false as a boolean only where the member is one', () => {
    expect(decode('ListChannelUnreadCounts', { query: 'include-first-unread=true' })).toMatchObject({ IncludeFirstUnread: true })
    expect(decode('ListChannelUnreadCounts', { query: 'include-first-unread=false' })).toMatchObject({ IncludeFirstUnread: false })
    for (const text of ['', '1', 'True', 'yes'])
      expect(refusal('ListChannelUnreadCounts', { query: `include-first-unread=${text}` }).reason).toBe('includeFirstUnread is a string.')
  })

  test('accept times in ISO 8601 with none to six decimals, in UTC or with an offset', () => {
    expect(notBefore('2023-01-02T03:04:05Z')).toEqual(new Date(Date.UTC(2023, 0, 2, 3, 4, 5)))
    expect(notBefore('2023-01-02T03:04:05.678Z')).toEqual(new Date(Date.UTC(2023, 0, 2, 3, 4, 5, 678)))
    expect(notBefore('2023-01-02T03:04:05.678999Z')).toEqual(new Date(Date.UTC(2023, 0, 2, 3, 4, 5, 678)))
    expect(notBefore('2023-01-02T03:04:05.6+05:30')).toEqual(new Date(Date.UTC(2023, 0, 1, 21, 34, 5, 600)))
    expect(notBefore('2024-02-29T23:59:59-00:00')).toEqual(new Date(Date.UTC(2024, 1, 29, 23, 59, 59)))
    for (const text of [
      '2023-02-29T00:00:00Z',
      '2023-04-31T00:00:00Z',
      '2023-13-01T00:00:00Z',
      '2023-01-32T00:00:00Z',
      '2023-01-00T00:00:00Z',
      '1672628645',
      '2023-01-02T24:00:00Z',
      '2023-01-02T03:04:60Z',
      '2023-01-02',
      '2023-01-02T03:04:05',
      '2023-01-02 03:04:05Z',
      '2023-01-02T03:04:05.1234567Z',
      '',
    ]) {
      const { message } = refusal('ListChannelMessages', {
        params: { channelArn: channel },
        query: `not-before=${encodeURIComponent(text)}`,
      })
      expect(message).toContain("at 'notBefore' failed to satisfy constraint: Member must be a timestamp")
    }
  })

  test('are not overridden by the body, and the body of an operation without one is not read', () => {
    expect(send({ ...message, ChannelArn: alice, ChimeBearer: 'someone else' })).toMatchObject({ ChannelArn: channel, ChimeBearer: alice })
    expect(decode('DescribeChannel', { params: { channelArn: channel }, body: 'not JSON' })).toMatchObject({ ChannelArn: channel })
    expect(decode('DeleteChannel', { params: { channelArn: channel }, body: '{}' })).toMatchObject({ ChannelArn: channel })
  })

  test('carry the paging of a search, whose fields are in the body', () => {
    const body = { Fields: [{ Key: 'MEMBERS', Operator: 'EQUALS', Values: [alice] }], MaxResults: 7, NextToken: 'no' }
    expect(decode('SearchChannels', { query: 'operation=search&max-results=5', body })).toEqual({
      Fields: body.Fields,
      MaxResults: 5,
      ChimeBearer: alice,
    })
  })

  test('name the resource of tags as arn in a query and as ResourceARN in a body', () => {
    expect(decode('ListTagsForResource', { query: `arn=${encodeURIComponent(channel)}` })).toEqual({ ResourceARN: channel })
    expect(decode('UntagResource', { body: { ResourceARN: channel, TagKeys: ['a'] } })).toEqual({ ResourceARN: channel, TagKeys: ['a'] })
  })
})
