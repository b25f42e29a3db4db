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
