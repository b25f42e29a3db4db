import { ApiError } from '../errors.ts'

/** What this node knows about who may call: keys, roles and policies, which commands and other nodes can change. */
export interface Access {
  /** A value that differs after each change. */
  readonly known: unknown
  /**
   * Resolves to whether anything has changed since that value of `known`, after the changes that are committed by now are loaded.
   */
  hasChanged(known: unknown): Promise<boolean>
}

/** STS uses ValidationError to refuse a duration that is longer than the role allows. */
const types = new Set(['UnrecognizedClientException', 'AccessDeniedException', 'AccessDenied', 'ValidationError'])

/** Whether keys, roles or policies caused the error, or the error that it wraps. */
const isOfAccess = (error: unknown): boolean =>
  error instanceof ApiError ? types.has(error.type) : error instanceof Error && isOfAccess(error.cause)

/**
 * Returns the result of the work. If keys, roles or policies refuse the work and have changed since it began, it runs again, so a
 * permission that a command has just created works at once. Work that is refused in this way must have changed nothing.
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
