import type { IncomingMessage } from 'node:http'
import { ApiError, failure } from '../errors.ts'
import { largestBody } from './sizes.ts'

export const noBody: Buffer = Buffer.alloc(0)

const bodyTooLarge = () =>
  new ApiError(
    'RequestEntityTooLargeException',
    413,
    'RequestEntityTooLarge',
    'The request body is too large',
    `At most ${largestBody} bytes are allowed.`,
  )

const brokenOff = () => failure('BadRequestException', 'The request is malformed', 'Its body has ended before all of it had come.')

/** Whether anything comes after the head. */
export const hasBody = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] !== undefined && headers['content-length'] !== '0')

/** The bytes as they came, since the signature covers them; rejects where they are too many, or end too soon. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length']) > largestBody) throw bodyTooLarge()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request
      .on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length <= largestBody) chunks.push(chunk)
        else {
          request.pause()
          reject(bodyTooLarge())
        }
      })
      .on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)))
      .on('error', () => reject(brokenOff()))
  })
}
