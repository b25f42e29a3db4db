import { ApiError, failure, unavailable } from '../errors.ts'

/** What the caller is told: of a 500 nothing but that it is one. */
export function shownError(error: unknown, isOutage: (error: unknown) => boolean): ApiError {
  if (error instanceof ApiError) return error
  if (isOutage(error))
    return unavailable('The service is temporarily unavailable', 'The database cannot be used at the moment. Try again.', error)
  return failure('ServiceFailureException', 'The service encountered an unexpected error', undefined, error)
}

/** There is nobody to answer the call yet, or any more. */
export const notServing = () => unavailable('The server is starting or shutting down', 'Try again in a moment.')

export const tooManyCalls = () =>
  unavailable('The service is temporarily unavailable', 'More calls are on their way than this server takes at once.')
