import { Readable } from 'node:stream'

type Next<Args, Result> = (args: Args) => Promise<Result>

/**
 * Reads the answer of a service before the AWS SDK does, which would read any number of bytes. Only the beginning of a long answer
 * is used. With `asStream` the SDK finds a stream, which it wants where the answer of an operation is one.
 */
export const boundedAnswers =
  (largest: number, { asStream = false } = {}) =>
  <Args, Result extends { response: unknown }>(next: Next<Args, Result>): Next<Args, Result> =>
  async args => {
    const result = await next(args)
    const response = result.response as { body?: Readable | Uint8Array }
    if (!response.body || response.body instanceof Uint8Array) return result
    const bytes = await beginningOf(response.body, largest)
    response.body = asStream ? Readable.from([bytes]) : bytes
    return result
  }

/** The bytes of an answer as far as they are read: whole chunks, at most `largest` bytes. */
export async function beginningOf(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, largest: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.byteLength
    if (length > largest) break
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
