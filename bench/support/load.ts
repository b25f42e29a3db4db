import { connect, type Socket } from 'node:net'

export interface Load {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Bytes of a body, on average. */
  readonly bodyBytes: number
}

const headEnd = Buffer.from('\r\n\r\n')

/** One connection that asks again as soon as it has been answered. Every answer must be a 200. */
function ask(port: number, next: () => Buffer, answered: (milliseconds: number, bodyBytes: number) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1')
    let start = 0
    let head = ''
    let missing = -1
    let bodyBytes = 0
    const send = () => {
      start = performance.now()
      missing = -1
      socket.write(next())
    }
    socket.setNoDelay(true)
    socket.on('error', reject)
    socket.on('connect', send)
    socket.on('data', (bytes: Buffer) => {
      let body = bytes.length
      if (missing === -1) {
        const end = bytes.indexOf(headEnd)
        head = bytes.toString('latin1', 0, end)
        const [, length] = /content-length: (\d+)/i.exec(head) ?? []
        if (!head.startsWith('HTTP/1.1 200') || length === undefined) {
          socket.destroy()
          reject(new Error(`Not a 200 with a length: ${bytes.toString()}`))
          return
        }
        bodyBytes = Number(length)
        missing = bodyBytes
        body -= end + headEnd.length
      }
      missing -= body
      if (missing > 0) return
      if (answered(performance.now() - start, bodyBytes)) send()
      else {
        socket.end()
        resolve()
      }
    })
  })
}

/** Keeps `connections` requests in flight for so many seconds; `next` gives the bytes of each. */
export async function load(
  url: string,
  next: () => Buffer,
  { seconds, connections }: { seconds: number; connections: number },
): Promise<Load> {
  const port = Number(new URL(url).port)
  const times: number[] = []
  let bytes = 0
  const start = performance.now()
  const end = start + seconds * 1000
  const answered = (milliseconds: number, bodyBytes: number) => {
    times.push(milliseconds)
    bytes += bodyBytes
    return performance.now() < end
  }
  await Promise.all(Array.from({ length: connections }, () => ask(port, next, answered)))
  const took = (performance.now() - start) / 1000
  times.sort((a, b) => a - b)
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))]!
  return { requests: times.length, seconds: took, p50: at(0.5), p99: at(0.99), bodyBytes: Math.round(bytes / times.length) }
}
