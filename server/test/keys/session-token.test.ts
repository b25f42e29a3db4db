import { array, assert, integer, option, property, string, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import { parseMasterKeys, type MasterKey } from '../../src/settings/master-keys.ts'
import { openSessionToken, sealSessionToken, type TemporaryCredentials } from '../../src/keys/session-token.ts'

const [masterKey, other] = parseMasterKeys(`${'0a'.repeat(32)},${'0b'.repeat(32)}`, 'test') as [MasterKey, MasterKey]
const known = new Map([[masterKey.id, masterKey]])

const session: TemporaryCredentials = {
  kind: 'role',
  accessKeyId: 'ASIAAAAAAAAAAAAAAAAA',
  secretAccessKey: 'a-secret-that-nobody-reads',
  issuedAt: 1_799_996_400_000,
  expiresAt: 1_800_000_000_000,
  sourceKeyId: 'AKIAAAAAAAAAAAAAAAAA',
  iamRoleIds: ['AROAAAAAAAAAAAAAAAAA'],
  name: 'session-name-in-the-clear',
  tags: [['sub', 'alice ☃']],
  transitive: ['sub'],
  policy: '{"Version":"2012-10-17","Statement":[]}',
  subject: 'x:auth0:7Calice',
}
const token = sealSessionToken(masterKey, session)
const bytes = Buffer.from(token, 'base64')

test('a session token contains what was encrypted, and nobody else can read it', () => {
  expect(openSessionToken(known, session.accessKeyId, token)).toEqual({ credentials: session, masterKeyId: masterKey.id })
  const clear = bytes.toString('latin1')
  for (const text of [session.secretAccessKey, session.name, 'alice', 'AROA', 'AKIA']) expect(clear).not.toContain(text)
  expect(sealSessionToken(masterKey, session)).not.toBe(token)
})

test('whatever is encrypted is decrypted unchanged', () => {
  const text = string({ maxLength: 50 })
  assert(
    property(text, array(tuple(text, text), { maxLength: 5 }), option(text, { nil: undefined }), (name, tags, policy) => {
      const sealed = { ...session, name: name.toWellFormed(), tags, policy, sourceKeyId: policy, subject: policy }
      expect(openSessionToken(known, session.accessKeyId, sealSessionToken(masterKey, sealed))?.credentials).toEqual(sealed)
    }),
  )
})

test('a token with any bit changed is refused', () => {
  assert(
    property(integer({ min: 0, max: bytes.length * 8 - 1 }), bit => {
      const turned = Buffer.from(bytes)
      turned[bit >> 3]! ^= 1 << (bit & 7)
      expect(openSessionToken(known, session.accessKeyId, turned.toString('base64'))).toBeUndefined()
    }),
    { numRuns: 1000 },
  )
})

test('a token that is cut, longer, spelt otherwise, or invented is refused', () => {
  for (let length = 0; length < bytes.length; length++) {
    expect(openSessionToken(known, session.accessKeyId, bytes.toString('base64', 0, length))).toBeUndefined()
  }
  const spellings = [`${token} `, `${token}=`, `=${token}`, token.replaceAll('=', ''), bytes.toString('base64url'), `${token}AAAA`]
  for (const spelling of spellings.filter(each => each !== token))
    expect(openSessionToken(known, session.accessKeyId, spelling)).toBeUndefined()
  assert(property(string({ unit: 'binary' }), text => openSessionToken(known, session.accessKeyId, text) === undefined))
  expect(openSessionToken(known, session.accessKeyId, 'A'.repeat(100_000))).toBeUndefined()
})

test('a token is valid only for the access key id that it came with, and for a server with the same master key', () => {
  expect(openSessionToken(known, 'ASIAAAAAAAAAAAAAAAAB', token)).toBeUndefined()
  expect(openSessionToken(new Map([[other.id, other]]), session.accessKeyId, token)).toBeUndefined()
  expect(openSessionToken(new Map([[masterKey.id, other]]), session.accessKeyId, token)).toBeUndefined()
  expect(openSessionToken(new Map(), session.accessKeyId, token)).toBeUndefined()
})

test('the key for secrets decrypts no session, and vice versa', () => {
  const sealed = masterKey.secrets.seal('x', 'text')
  expect(masterKey.secrets.open('x', sealed)).toBe('text')
  expect(masterKey.secrets.open('y', sealed)).toBeUndefined()
  expect(masterKey.sessionTokens.open('x', sealed)).toBeUndefined()
})

test('a master key is 32 bytes in base64 or hexadecimal digits, and the error does not repeat it', () => {
  const key = Buffer.alloc(32, 0xfb)
  const spellings = [key.toString('hex'), key.toString('hex').toUpperCase(), key.toString('base64'), key.toString('base64url')]
  expect(new Set(spellings.map(text => parseMasterKeys(text, 'X')[0]!.id)).size).toBe(1)
  expect(parseMasterKeys(`${spellings[0]}, ${spellings[2]}`, 'X')).toHaveLength(1)
  for (const text of ['', 'short', key.toString('hex').slice(2), `${spellings[0]},no-key`, 'z'.repeat(64)]) {
    expect(() => parseMasterKeys(text, 'X')).toThrow(
      /^X must be 32 bytes in base64 or hexadecimal digits, or several such keys, separated by commas\.$/,
    )
  }
})
