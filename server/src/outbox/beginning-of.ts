/** Reads the beginning of a response: whole chunks, at most `largest` bytes. */
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
