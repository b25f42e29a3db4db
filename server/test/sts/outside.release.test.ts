import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { makeRole, sts } from '../support/access.ts'
import { OidcIssuer } from '../support/oidc-issuer.ts'
import { startWorld } from '../support/world.ts'

test('logins beyond the limit do not reach the hook and get an error to retry', async () => {
  let waiting = 0
  let most = 0
  const hook = createServer((_, response) => {
    most = Math.max(most, ++waiting)
    response.once('close', () => waiting--)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => hook.closeAllConnections())
  await once(hook, 'listening')
  const exchangeHook = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/login`
  const first = await startWorld('sqlite')
  const { arn } = await first.appInstance()
  const world = await startWorld('sqlite', { data: first.folder, exchangeHook, exchangeRole: 'chat', exchangeAppInstance: arn })
  // It answers none of them, so that each waits for five seconds.
  const answers = await Promise.all(
    Array.from({ length: 600 }, async () => fetch(`${world.app.url}/creds`, { method: 'POST', headers: { authorization: 'x' } })),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
  expect(most).toBeLessThanOrEqual(256)
  await world.close()
  await first.close()
  hook.close()
})

test('an unavailable issuer is reported, is not requested for each token, and is found once it is back', async () => {
  const away = await OidcIssuer.start()
  away.failing = 500
  const own = await startWorld('sqlite', { oidcIssuer: away.url, oidcAudience: 'web' })
  const RoleArn = await makeRole(own, 'chat', { trust: { oidc: { issuer: away.url, audiences: ['web'] } }, tags: ['sub'] })
  const assumed = async () => {
    const parameters = { RoleArn, RoleSessionName: 'web', WebIdentityToken: await away.token('alice') }
    const answer = await sts(own.app, undefined, 'AssumeRoleWithWebIdentity', parameters)
    return answer.value('Code') ?? answer.status
  }
  expect(await Promise.all(Array.from({ length: 10 }, assumed))).toEqual(Array.from({ length: 10 }, () => 'IDPCommunicationError'))
  expect(away.asked).toBeLessThanOrEqual(2)
  away.failing = undefined
  await expect.poll(assumed).toBe(200)
  await own.close()
  await away.close()
})
