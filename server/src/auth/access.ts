import { ApiError } from '../errors.ts'

/** The keys, roles and policies that this node has loaded. Commands and other nodes can change them at any time. */
export interface Access {
  /** A value that differs after each change. */
  readonly known: unknown
  /** Loads all changes that are committed by now, and resolves to whether there are any since that value of `known`. */
  hasChanged(known: unknown): Promise<boolean>
}

/** STS answers ValidationError if a duration is longer than the role allows. */
const types = new Set(['UnrecognizedClientException', 'AccessDeniedException', 'AccessDenied', 'ValidationError'])

/** Whether keys, roles or policies caused the error, or the error that it wraps. */
const isOfAccess = (error: unknown): boolean =>
  error instanceof ApiError ? types.has(error.type) : error instanceof Error && isOfAccess(error.cause)

/**
 * Returns the result of the work. If keys, roles or policies refuse the work and have changed since it began, the work runs again. So a
 * permission that a command has just created works immediately. Work that is refused in this way must not have changed anything.
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
