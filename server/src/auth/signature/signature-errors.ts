import { ApiError } from '../../errors.ts'

const mismatchSentence =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

/** Nobody signed the request. */
export const missingAuthenticationToken = (reason: string) =>
  new ApiError('MissingAuthenticationTokenException', 403, 'MissingAuthenticationToken', 'Missing Authentication Token', reason)

/** The signature or its date cannot be read, so nothing can be verified: 400, as Amazon's page of common errors has it. */
export const incompleteSignature = (message: string, reason: string) =>
  new ApiError('IncompleteSignatureException', 400, 'IncompleteSignature', message, reason)

/** No access key that this server knows. Amazon says the same of a session token that it does not know. */
export const unrecognizedClient = (reason: string) =>
  new ApiError('UnrecognizedClientException', 403, 'UnrecognizedClient', 'The security token included in the request is invalid.', reason)

/** Temporary credentials whose time is over; clients ask for new ones. */
export const expiredToken = (reason: string) =>
  new ApiError('ExpiredTokenException', 403, 'ExpiredToken', 'The security token included in the request is expired', reason)

/** The signature can be read and does not hold. The official SDKs set their clock by the `Date` of this answer and try again. */
export const invalidSignature = (reason: string, message = mismatchSentence) =>
  new ApiError('InvalidSignatureException', 403, 'InvalidSignature', message, reason)
