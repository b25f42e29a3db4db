import { rootKey } from '../support/process.ts'
import { RawConnection } from '../support/raw.ts'
import { signedHeaders } from '../support/signed.ts'

/** A CreateAppInstance that has sent its head and the first byte of its body; `finish` sends the rest. */
export async function halfARequest(url: string) {
  const body = JSON.stringify({ Name: 'late', ClientRequestToken: 'token' })
  const headers = await signedHeaders(url, rootKey, { method: 'POST', path: '/app-instances', body })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const connection = await RawConnection.open(url)
  connection.send(`POST /app-instances HTTP/1.1\r\n${lines.join('')}content-length: ${body.length}\r\n\r\n${body.slice(0, 1)}`)
  // The head has arrived when another connection, opened later, has had its answer.
  await fetch(`${url}/health`)
  return { connection, finish: () => connection.send(body.slice(1)) }
}
