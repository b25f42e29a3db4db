import { until } from '../support/processor.ts'
import { connectRaw, type RawSocket } from '../support/sockets.ts'
import type { World } from '../support/world.ts'

/** A connection that has become a WebSocket, and which sends and receives bytes only. */
export async function rawSession(userArn: string, { app }: Pick<World, 'app'>): Promise<RawSocket> {
  const raw = await connectRaw(app, userArn)
  const isEstablished = () => raw.heard().includes('SESSION_ESTABLISHED')
  await until(() => isEstablished() || raw.socket.destroyed)
  if (!isEstablished()) throw new Error(`the connection was closed after ${raw.heard().toString('latin1')}`)
  return raw
}

/** The value of a figure of GET /metrics without labels. */
export const metric = async (name: string, { app }: Pick<World, 'app'>) => {
  const text = await (await fetch(`${app.url}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1])
}
