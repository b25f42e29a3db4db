import type { Duplex } from 'node:stream'
import { ApiError, badRequest } from '../errors.ts'
import type { HttpResponse } from './endpoint.ts'
import { largestHead } from './largest.ts'

/** Browsers call both services directly, so every response allows that, errors and preflights included (docs/service/wire.md#cors). */
const crossOrigin = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'x-amzn-requestid, x-amzn-errortype, x-amzn-errormessage, x-carillon-reason, date, retry-after',
}

const preflight = {
  ...crossOrigin,
  'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
  'access-control-allow-headers':
    'authorization, cache-control, content-type, x-amz-chime-bearer, x-amz-content-sha256, x-amz-date, x-amz-security-token, x-amz-user-agent, ' +
    'amz-sdk-invocation-id, amz-sdk-request, x-amz-target, x-amzn-trace-id',
  'access-control-max-age': '86400',
}

/** For pages that are not the response of a call: browsers may only display them. */
export const strictHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** The same for JSON. */
export const strictJsonHeaders = { ...strictHeaders, 'content-type': 'application/json; charset=utf-8' }

export const commonHeaders = (requestId: string) => ({
  ...crossOrigin,
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  'x-amzn-requestid': requestId,
})

export const preflightHeaders = (requestId: string) => ({ ...preflight, 'x-amzn-requestid': requestId })

/** For requests with cookies, such as that of Amazon's chat demo to POST /creds: browsers require their own origin in the response. */
export const headersWithCookies = (origin: string | undefined): Record<string, string> =>
  origin === undefined ? {} : { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true', vary: 'Origin' }

/** Retry-After, in seconds, if known. */
export const retryHeader = (seconds: number | undefined): Record<string, string> =>
  seconds === undefined ? {} : { 'retry-after': String(seconds) }

const longestReason = 1024

/**
 * The reason as a header, since boto3 and the AWS CLI show no members of an error but Code and Message. Characters outside
 * printable ASCII, and the percent sign, are percent-encoded UTF-8, but for an ellipsis, which many reasons have; a long reason is cut.
 */
export function reasonHeader(reason: string | undefined): Record<string, string> {
  if (reason === undefined) return {}
  let text = ''
  for (const character of reason.trim().toWellFormed().replaceAll('…', '...')) {
    const escaped = /[\x20-\x24\x26-\x7e]/.test(character) ? character : encodeURIComponent(character)
    if (text.length + escaped.length > longestReason - 3) return { 'x-carillon-reason': `${text}...` }
    text += escaped
  }
  return { 'x-carillon-reason': text }
}

/** An error in the form that every SDK maps to its class: by header, not by `__type` (docs/service/wire.md#errors). */
export function renderError(error: ApiError, requestId: string): HttpResponse & { readonly body: string } {
  return {
    status: error.status,
    headers: {
      ...commonHeaders(requestId),
      'x-amzn-errortype': error.type,
      ...reasonHeader(error.reason),
      ...retryHeader(error.retryAfter),
    },
    body: JSON.stringify({ Code: error.code, Message: error.message, Reason: error.reason }),
  }
}

/**
 * Answers errors that Node finds before there is a request: invalid HTTP, large headers, a slow client. A broken connection, or one whose
 * TLS handshake failed, is closed without an answer.
 */
export function malformedRequest(error: Error & { code?: string }, socket: Duplex, shown: (error: ApiError) => ApiError) {
  if (!/^(?:HPE|ERR_HTTP)_/.test(error.code ?? '') || !socket.writable) {
    socket.destroy()
    return
  }
  socket.end(plainResponse(shown(malformed(error.code))))
}

/** The bytes of an error for a connection without a response object of Node: head and body, after which the connection ends. */
export function plainResponse(error: ApiError): string {
  const { headers, body } = renderError(error, crypto.randomUUID())
  const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' })
  return `HTTP/1.1 ${error.status} ${error.code}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

function malformed(code: string | undefined): ApiError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new ApiError(
      'RequestHeaderFieldsTooLargeException',
      431,
      'The request line and headers are too large',
      `At most ${largestHead} bytes are allowed.`,
    )
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new ApiError(
      'RequestTimeoutException',
      408,
      'The request took too long to arrive',
      'The headers must arrive within 20 seconds, the whole request within 60.',
    )
  return badRequest('The request is not well-formed HTTP', code)
}
