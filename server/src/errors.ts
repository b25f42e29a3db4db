/** The nine error types of the two models, each with its status and `Code` (docs/service/wire.md#errors). */
const modelledErrors = {
  BadRequestException: { status: 400, code: 'BadRequest' },
  ResourceLimitExceededException: { status: 400, code: 'ResourceLimitExceeded' },
  UnauthorizedClientException: { status: 401, code: 'Unauthorized' },
  ForbiddenException: { status: 403, code: 'Forbidden' },
  NotFoundException: { status: 404, code: 'NotFound' },
  ConflictException: { status: 409, code: 'Conflict' },
  ThrottledClientException: { status: 429, code: 'Throttled' },
  ServiceFailureException: { status: 500, code: 'ServiceFailure' },
  ServiceUnavailableException: { status: 503, code: 'ServiceUnavailable' },
} as const

export type ErrorName = keyof typeof modelledErrors

/** The HTTP status of an error type. */
export const statusOf = (name: ErrorName) => modelledErrors[name].status

/**
 * An answer other than success. It can be thrown anywhere and is rendered in one place, in http. `message` is Amazon's; `reason`
 * says which check failed and what the caller can change.
 */
export class ApiError extends Error {
  readonly type: string
  readonly status: number
  readonly code: string
  readonly reason: string | undefined
  /** After how many seconds to retry, if known. */
  readonly retryAfter: number | undefined

  constructor(type: string, status: number, code: string, message: string, reason?: string, cause?: unknown, retryAfter?: number) {
    super(message, cause === undefined ? undefined : { cause })
    this.type = type
    this.status = status
    this.code = code
    this.reason = reason
    this.retryAfter = retryAfter
  }
}

/** One of the modelled errors. */
export function failure(type: ErrorName, message: string, reason?: string, cause?: unknown): ApiError {
  const { status, code } = modelledErrors[type]
  return new ApiError(type, status, code, message, reason, cause)
}

/** The input breaks a rule. The message names the member and what it must be. */
export const badRequest = (message: string, reason?: string) => failure('BadRequestException', message, reason)

/** The bearer is missing, malformed or not an existing user or bot (docs/service/authorization.md#which-error-when). */
export const unauthorizedBearer = (reason: string) =>
  failure('UnauthorizedClientException', 'An invalid app instance user ARN was supplied for the x-amz-chime-bearer HTTP header.', reason)

/**
 * The role of the bearer does not permit the call, or a resource that the call names does not exist or must not be revealed to this caller.
 */
export const forbidden = (reason: string) =>
  failure('ForbiddenException', 'You do not have sufficient access to perform this action', reason)

/** IAM does not permit the call; no model declares it (docs/service/authorization.md#which-error-when). */
export const accessDenied = (message: string, reason: string) => new ApiError('AccessDeniedException', 403, 'AccessDenied', message, reason)

/** An ARN in the input is not that of a user or bot that the call may use (docs/service/authorization.md#which-error-when). */
export const invalidUserArn = (reason: string) =>
  failure('ForbiddenException', 'An invalid app instance user ARN was supplied for the input parameter.', reason)

/** The subject of the call does not exist. Only for operations that declare this error, and only if the caller may know. */
export const notFound = (message: string, reason?: string) => failure('NotFoundException', message, reason)

/** The present state contradicts the call. */
export const conflict = (message: string, reason?: string) => failure('ConflictException', message, reason)

/** Something that the call needs is not available at the moment; the client may retry in a second. */
export function unavailable(message: string, reason?: string, cause?: unknown): ApiError {
  const { status, code } = modelledErrors.ServiceUnavailableException
  return new ApiError('ServiceUnavailableException', status, code, message, reason, cause, 1)
}

/** A rate is exceeded; after that many seconds a call is possible again (docs/service/limits.md#rates). */
export function throttled(reason: string, retryAfter: number): ApiError {
  const { status, code } = modelledErrors.ThrottledClientException
  return new ApiError('ThrottledClientException', status, code, 'Rate exceeded', reason, undefined, retryAfter)
}
