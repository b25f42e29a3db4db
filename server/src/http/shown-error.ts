import { ApiError, failure, unavailable } from '../errors.ts'
import { largestBody, largestHead } from './sizes.ts'

/** What the caller is told: of a 500 nothing but that it is one. */
export function shownError(error: unknown, isOutage: (error: unknown) => boolean): ApiError {
  if (error instanceof ApiError) return error
  const { code, statusCode } = error as { code?: string; statusCode?: number }
  if (code === 'FST_ERR_BAD_URL') {
    return failure('BadRequestException', 'The request URI is malformed', 'A percent-escape in the path is not valid UTF-8.')
  }
  if (statusCode === 413) {
    return new ApiError(
      'RequestEntityTooLargeException',
      413,
      'RequestEntityTooLarge',
      'The request body is too large',
      `At most ${largestBody} bytes are allowed.`,
    )
  }
  if (statusCode === 414) {
    return new ApiError(
      'RequestUriTooLongException',
      414,
      'RequestUriTooLong',
      'The request URI is too long',
      `At most ${largestHead} bytes are allowed.`,
    )
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return failure('BadRequestException', 'The request is malformed', error instanceof Error ? error.message : 'It cannot be read.')
  }
  if (isOutage(error))
    return unavailable('The service is temporarily unavailable', 'The database cannot be used at the moment. Try again.', error)
  return failure('ServiceFailureException', 'The service encountered an unexpected error', undefined, error)
}

/** There is nobody to answer the call yet, or any more. */
export const notServing = () => unavailable('The server is starting or shutting down', 'Try again in a moment.')

export const tooManyCalls = () =>
  unavailable('The service is temporarily unavailable', 'More calls are on their way than this server takes at once.')
