import { expect, test } from 'vitest'
import { claimConditionOf } from '../../../src/auth/iam/claims.ts'
import { PolicyError } from '../../../src/auth/iam/policy-error.ts'

const issuer = 'https://Login.example.com/realms/chat/'

test.each([
  [{ StringEquals: { 'login.example.com/realms/chat:sub': 'a' } }, { sub: 'a' }, true],
  [{ StringEquals: { 'login.example.com/realms/chat/:sub': 'a' } }, { sub: 'a' }, true],
  [{ StringEquals: { 'LOGIN.example.com/realms/chat:SUB': 'a' } }, { sub: 'a' }, true],
  [{ StringEquals: { 'login.example.com/realms/chat:sub': 'a' } }, { sub: 'a', Sub: 'b' }, true],
  [{ StringEquals: { 'login.example.com/realms/chat:Sub': 'a' } }, { sub: 'a', Sub: 'b' }, false],
  [{ StringEquals: { 'login.example.com/realms/chat:urn:x:y': 'a' } }, { 'urn:x:y': 'a' }, true],
  [{ StringEquals: { 'login.example.com/realms/chat:__proto__': 'a' } }, {}, false],
  [{ StringEquals: { 'login.example.com/realms/chat:toString': 'a' } }, {}, false],
  [{ 'ForAnyValue:StringEquals': { 'login.example.com/realms/chat:groups': ['a', 'b'] } }, { groups: ['b', 'c'] }, true],
  [{ 'ForAllValues:StringEquals': { 'login.example.com/realms/chat:groups': ['a', 'b'] } }, { groups: ['b', 'c'] }, false],
  [{ 'ForAllValues:StringEquals': { 'login.example.com/realms/chat:groups': ['a', 'b'] } }, { groups: ['b'] }, true],
  [{ StringNotEquals: { 'login.example.com/realms/chat:groups': 'admins' } }, { groups: ['a', 'admins'] }, false],
  [{ StringNotEquals: { 'login.example.com/realms/chat:groups': 'admins' } }, { groups: ['a', 'b'] }, true],
  [{ StringEquals: { 'login.example.com/realms/chat:groups': 'a' } }, { groups: [['a']] }, false],
])('the condition %j holds for the claims %j: %s', (condition, claims, holds) => {
  expect(claimConditionOf(condition, issuer)(claims)).toBe(holds)
})

test.each<[unknown, RegExp]>([
  [{}, /^It is empty/],
  [null, /^It must be an object of operators/],
  [[], /^It must be an object of operators/],
  [7, /^It must be an object of operators/],
  [{ StringEquals: { sub: 'a' } }, /sub is not a claim of .*: write Login\.example\.com\/realms\/chat:CLAIM/],
  [{ StringEquals: { 'login.example.com/realms/chat:': 'a' } }, /is not a claim of/],
  [{ StringEquals: { 'login.example.com/realms/chat2:sub': 'a' } }, /is not a claim of/],
  [{ StringEquals: { 'https://login.example.com/realms/chat:sub': 'a' } }, /is not a claim of/],
  [{ StringEquals: { 'aws:SourceIp': 'a' } }, /is not a claim of/],
  [{ StringEquals: { 'login.example.com/realms/chat:sub': '${aws:username}' } }, /^Variables have no place/],
  [{ StringIs: { 'login.example.com/realms/chat:sub': 'a' } }, /StringIs is not a condition operator/],
  [{ StringEquals: { 'login.example.com/realms/chat:sub': [] } }, /It must be a string/],
])('the condition %j is refused with a sentence that says why', (condition, sentence) => {
  expect(() => claimConditionOf(condition, issuer)).toThrow(PolicyError)
  expect(() => claimConditionOf(condition, issuer)).toThrow(sentence)
})
