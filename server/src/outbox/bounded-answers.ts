import type { Readable } from 'node:stream'

type Next<Args, Result> = (args: Args) => Promise<Result>

/**
 * Reads the answer of a service before the AWS SDK does, which would read any number of bytes. Only the beginning of a long answer
 * is used.
 */
export const boundedAnswers =
  (largest: number) =>
  <Args, Result extends { response: unknown }>(next: Next<Args, Result>): Next<Args, Result> =>
  async args => {
    const result = await next(args)
    const response = result.response as { body?: Readable | Uint8Array }
    if (response.body && !(response.body instanceof Uint8Array)) response.body = await beginningOf(response.body, largest)
    return result
  }

async function beginningOf(body: Readable, largest: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength
    if (length > largest) break
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
