import { ApiError, failure, unavailable } from '../errors.ts'

/** Returns the error that the caller sees. Of an internal error it sees only that there was one. */
export function shownError(error: unknown, isOutage: (error: unknown) => boolean): ApiError {
  if (error instanceof ApiError) return error
  if (isOutage(error))
    return unavailable('The service is temporarily unavailable', 'The database cannot be used at the moment. Try again.', error)
  return failure('ServiceFailureException', 'The service encountered an unexpected error', undefined, error)
}

/** Puts the reason into the Message, for clients that show nothing else of an error. */
export function withReasonInMessage(error: ApiError): ApiError {
  const { type, status, message, reason, cause, retryAfter } = error
  if (reason === undefined) return error
  return new ApiError(type, status, `${message.replace(/[.:]?$/, '.')} Reason: ${reason}`, reason, { cause, retryAfter })
}

/** The server is not ready to answer the call yet, or is stopping. */
export const notServing = () => unavailable('The server is starting or shutting down', 'Try again in a moment.')

export const tooManyCalls = () =>
  unavailable('The service is temporarily unavailable', 'This server is answering as many calls as it may at once. Try again.')

export const tooManyBodies = () =>
  unavailable('The service is temporarily unavailable', 'The bodies of other requests use up the memory for bodies. Try again.')
