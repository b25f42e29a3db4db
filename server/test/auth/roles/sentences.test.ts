import { expect, test } from 'vitest'
import { rules } from '../../../src/auth/roles/rules.ts'

const admins = 'an AppInstanceAdmin; a moderator of the channel'

test.each([
  ['SendChannelMessage', 'a DEFAULT member of the channel'],
  ['ListChannels', 'an AppInstanceAdmin; any user or bot of the app instance, only if Privacy is not PRIVATE'],
  ['DeleteChannelMembership', `${admins}; a DEFAULT member of the channel, only if MemberArn is its own ARN`],
  [
    'CreateChannelMembership',
    `${admins}; a DEFAULT member of the channel, only if the channel is UNRESTRICTED and Type is not HIDDEN; ` +
      'the user or bot itself, only if it is not a HIDDEN member, the channel is PUBLIC and Type is not HIDDEN',
  ],
  [
    'ListChannelMemberships',
    `${admins}; a DEFAULT member of the channel, only if Type is not HIDDEN; ` +
      'any user or bot of the app instance, only if the channel is PUBLIC, the channel is not elastic and Type is not HIDDEN',
  ],
  [
    'GetChannelMessageStatus',
    'the sender of the message, only if the channel is not elastic, it is an AppInstanceAdmin, it is a moderator of the channel or ' +
      'it is a member of the channel',
  ],
  [
    'SearchMessages',
    'any user or bot of the app instance, only if ChannelArn is left out; ' +
      `${admins}; a member of the channel; any user or bot of the app instance, only if the channel is PUBLIC and the channel is not elastic`,
  ],
] as const)('the sentence about who may call %s names each condition once, joined by words', (name, sentence) => {
  expect(rules[name].says).toBe(sentence)
})

test('no sentence has a condition without somebody who must meet it', () => {
  for (const { says } of Object.values(rules))
    for (const part of says.split('; ')) expect(part).toMatch(/^(an?|any|the) [^,]*(, only if (it|the channel|[A-Z]\w+) [^;]+)?$/)
})
