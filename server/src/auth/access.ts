import { ApiError } from '../errors.ts'

/** What a node knows of who may call: keys, roles and policies, which commands and other nodes change. */
export interface Access {
  /** Is something else after each change. */
  readonly known: unknown
  /** Whether what is known differs from what was known then, once the changes that are committed by now are followed. */
  hasChanged(known: unknown): Promise<boolean>
}

/** STS refuses with ValidationError a duration that is longer than the role allows. */
const types = new Set(['UnrecognizedClientException', 'AccessDeniedException', 'AccessDenied', 'ValidationError'])

/** Whether the error, or what it was made of, says that keys, roles or policies refuse the call. */
const isOfAccess = (error: unknown): boolean =>
  error instanceof ApiError ? types.has(error.type) : error instanceof Error && isOfAccess(error.cause)

/**
 * The result of the work. Where keys, roles or policies refuse it and have changed by then, the work is done again: what a command has
 * made works at once. Work that is refused so must have done nothing.
 */
export async function upToDate<Result>(access: Access, work: () => Promise<Result>): Promise<Result> {
  const { known } = access
  try {
    return await work()
  } catch (error) {
    if (!isOfAccess(error) || !(await access.hasChanged(known))) throw error
    return work()
  }
}
