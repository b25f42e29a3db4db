import { expect } from 'vitest'
import { startApns } from '../support/push.ts'
import { until } from '../support/processor.ts'
import { application, pushWorld } from './push-scene.ts'

const tokenOf = (digit: string) => digit.repeat(64)
const apple = { Type: 'APNS' } as const

/**
 * A push to two devices, one of whose requests meets that fault, once. It must be sent again over a new connection. Resolves to the number
 * of pushes to the other device, one of which came before.
 */
export async function pushThatMeets(what: 'goaway' | 'cut' | 'hang'): Promise<number> {
  const apns = await startApns()
  const met: string[] = []
  apns.answer = ({ token }) => {
    if (token !== tokenOf('d') || met.length > 0) return undefined
    met.push(token)
    return what
  }
  const { register, openWith, push, settled, stateOf } = await pushWorld('sqlite', { [application]: { type: 'push', apns: apns.entry } })
  const channel = await openWith('bob', 'eve')
  await register('eve', tokenOf('e'), apple)
  await push(channel)
  await until(() => apns.taken.length === 1)
  const id = await register('bob', tokenOf('d'), apple)
  await push(channel)
  await settled()
  const taken = (of: string) => apns.taken.filter(({ token }) => token === of).length
  expect(taken(tokenOf('d'))).toBe(1)
  expect(apns.sessions.length).toBe(2)
  expect(await stateOf('bob', id)).toEqual({ Status: 'ACTIVE' })
  return taken(tokenOf('e'))
}
