/** The nine error types of the two models, each with its status (docs/service/wire.md#errors). */
const statuses = {
  BadRequestException: 400,
  ResourceLimitExceededException: 400,
  UnauthorizedClientException: 401,
  ForbiddenException: 403,
  NotFoundException: 404,
  ConflictException: 409,
  ThrottledClientException: 429,
  ServiceFailureException: 500,
  ServiceUnavailableException: 503,
} as const

export type ErrorName = keyof typeof statuses

/** The HTTP status of an error type. */
export const statusOf = (name: ErrorName) => statuses[name]

interface Details {
  readonly cause?: unknown
  /** After how many seconds to retry, if known. */
  readonly retryAfter?: number | undefined
}

/**
 * An answer other than success. It can be thrown anywhere and is rendered in one place, in http. `message` is Amazon's; `reason`
 * says which check failed and what the caller can change.
 */
export class ApiError extends Error {
  readonly type: string
  readonly status: number
  readonly reason: string | undefined
  readonly retryAfter: number | undefined

  constructor(type: string, status: number, message: string, reason?: string, { cause, retryAfter }: Details = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.type = type
    this.status = status
    this.reason = reason
    this.retryAfter = retryAfter
  }

  /** The `Code` in the answer: the type without its ending (docs/service/wire.md#errors). */
  get code(): string {
    return this.type.replace(/(?<=^Throttled|^Unauthorized)ClientException$|Exception$/, '')
  }
}

/** One of the modelled errors. */
export const failure = (type: ErrorName, message: string, reason?: string, cause?: unknown) =>
  new ApiError(type, statuses[type], message, reason, { cause })

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
export const accessDenied = (message: string, reason: string) => new ApiError('AccessDeniedException', 403, message, reason)

/** An ARN in the input is not that of a user or bot that the call may use (docs/service/authorization.md#which-error-when). */
export const invalidUserArn = (reason: string) =>
  failure('ForbiddenException', 'An invalid app instance user ARN was supplied for the input parameter.', reason)

/** The subject of the call does not exist. Only for operations that declare this error, and only if the caller may know. */
export const notFound = (message: string, reason?: string) => failure('NotFoundException', message, reason)

/** The present state contradicts the call. */
export const conflict = (message: string, reason?: string) => failure('ConflictException', message, reason)

/** There are as many already as are allowed. */
export const limitExceeded = (message: string, reason: string) => failure('ResourceLimitExceededException', message, reason)

/** Something that the call needs is not available at the moment; the client may retry in a second. */
export const unavailable = (message: string, reason?: string, cause?: unknown) =>
  new ApiError('ServiceUnavailableException', 503, message, reason, { cause, retryAfter: 1 })

/** A rate is exceeded; after that many seconds a call is possible again (docs/service/limits.md#rates). */
export const throttled = (reason: string, retryAfter: number) =>
  new ApiError('ThrottledClientException', 429, 'Rate exceeded', reason, { retryAfter })
