import { expect, onTestFinished, test } from 'vitest'
import { sts } from '../support/access.ts'
import { OidcIssuer } from '../support/oidc-issuer.ts'
import { startWorld } from '../support/world.ts'

const identityPool = 'us-east-1:0b7c9d3e-0000-4000-8000-000000000001'

const from = (address: string) => ({ 'x-forwarded-for': address })

test('logins have a rate for each address, whichever call they use and whatever they contain; other addresses keep theirs', async () => {
  const issuer = await OidcIssuer.start()
  let time = Date.now()
  const world = await startWorld(
    'sqlite',
    {
      oidcIssuer: issuer.url,
      oidcAudience: 'web',
      identityPool,
      identityPoolRole: 'chat',
      exchangeRole: 'chat',
      exchangeAppInstance: 'arn:aws:chime:us-east-1:000000000000:app-instance/one',
      trustProxy: 'loopback',
      rateLimits: 'aws',
      loginRate: '3',
    },
    { now: () => time },
  )
  onTestFinished(async () => {
    await world.close()
    await issuer.close()
  })
  const token = await issuer.token('alice')
  const { url } = world.app
  const getId = async (address: string, Logins: Record<string, string> = { [issuer.url.replace('http://', '')]: token }) => {
    const headers = { ...from(address), 'x-amz-target': 'AWSCognitoIdentityService.GetId' }
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ IdentityPoolId: identityPool, Logins }) })
    const { __type: type } = (await answer.json()) as { __type?: string }
    return [answer.status, type ?? 'Success', answer.headers.get('retry-after')]
  }
  const exchange = async (address: string) => {
    const answer = await fetch(`${url}/creds`, { method: 'POST', headers: { ...from(address), authorization: 'Bearer x.y.z' } })
    return [answer.status, answer.headers.get('x-amzn-errortype')]
  }
  const assume = async (address: string) => {
    const form = { Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15', RoleArn: 'arn:aws:iam::000000000000:role/chat' }
    const body = new URLSearchParams({ ...form, RoleSessionName: 'web', WebIdentityToken: 'nonsense' })
    const answer = await fetch(url, { method: 'POST', headers: from(address), body })
    return [answer.status, /<Code>(\w+)/.exec(await answer.text())?.[1]]
  }

  expect(await getId('192.0.2.1')).toEqual([200, 'Success', null])
  expect(await exchange('192.0.2.1')).toEqual([401, 'UnauthorizedClientException'])
  expect(await assume('192.0.2.1')).toEqual([400, 'InvalidIdentityToken'])
  expect(await getId('192.0.2.1')).toEqual([400, 'TooManyRequestsException', '1'])
  expect(await exchange('192.0.2.1')).toEqual([429, 'ThrottledClientException'])
  expect(await assume('192.0.2.1')).toEqual([400, 'Throttling'])
  // A request without a login makes the server check none.
  expect(await getId('192.0.2.1', {})).toEqual([400, 'NotAuthorizedException', null])
  expect((await sts(world.app, world.app.rootKey, 'GetCallerIdentity')).status).toBe(200)

  expect(await getId('192.0.2.2')).toEqual([200, 'Success', null])
  // A client with one address of an IPv6 network has all of its 64 bits.
  for (const address of ['2001:db8::1', '2001:db8:0:0:ffff::2', '2001:0db8:0:0:1:2:3:4']) expect((await getId(address))[0]).toBe(200)
  expect(await getId('2001:db8::2')).toEqual([400, 'TooManyRequestsException', '1'])
  expect(await getId('2001:db8:0:1::1')).toEqual([200, 'Success', null])
  time += 1000
  expect(await getId('192.0.2.1')).toEqual([200, 'Success', null])
})
