import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

interface Break {
  /** Whether PostgreSQL gets the COMMIT. */
  readonly isSent: boolean
  /** What happens to a connection whose COMMIT PostgreSQL does not get; it ends, if nothing is given. */
  readonly kept?: () => void
}

/** The port of a way to PostgreSQL, on which the first COMMIT of a transaction with that text gets no answer. It ends with the test. */
export async function breakCommit(to: number, text: string, { isSent, kept }: Break): Promise<number> {
  let hasBroken = false
  const server = createServer(client => {
    const upstream = connect(to, '127.0.0.1')
    let hasText = false
    let isAnswerLost = false
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    client.on('data', data => {
      hasText ||= data.includes(text)
      const isBreaking = hasText && !hasBroken && data.includes('commit\0')
      hasBroken ||= isBreaking
      isAnswerLost ||= isBreaking && isSent
      if (!isBreaking || isSent) upstream.write(data)
      else if (kept) kept()
      else end()
    })
    upstream.on('data', data => {
      if (isAnswerLost) end()
      else client.write(data)
    })
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}
