import { expect } from 'vitest'

/** The refusal of a call while the database cannot be used. */
export const unavailable = {
  name: 'ServiceUnavailableException',
  code: 'ServiceUnavailable',
  status: 503,
  message: 'The service is temporarily unavailable',
  reason: 'The database cannot be used at the moment. Try again.',
}

/** /health is at most a second old. */
export async function expectHealth(url: string, status: 200 | 503) {
  const health = async (): Promise<unknown> => {
    const response = await fetch(`${url}/health`)
    return [response.status, await response.json()]
  }
  await expect.poll(health).toEqual([status, { status: status === 200 ? 'ok' : 'unavailable' }])
  const live = await fetch(`${url}/health/live`)
  expect([live.status, await live.json()]).toEqual([200, { status: 'ok' }])
}
