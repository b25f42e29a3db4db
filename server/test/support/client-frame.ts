/** A frame of a client, with the mask that it must have. */
export function clientFrame(opcode: number, content: string | Buffer, { fin = true, masked = true } = {}): Buffer {
  const bytes = Buffer.from(content)
  const length = bytes.length < 126 ? [bytes.length] : [126, bytes.length >> 8, bytes.length & 255]
  length[0]! |= masked ? 0x80 : 0
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode, ...length]), Buffer.alloc(masked ? 4 : 0), bytes])
}
