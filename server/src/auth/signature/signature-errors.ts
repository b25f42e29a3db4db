import { ApiError } from '../../errors.ts'

const mismatchSentence =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

/** The request is not signed. */
export const missingAuthenticationToken = (reason: string) =>
  new ApiError('MissingAuthenticationTokenException', 403, 'Missing Authentication Token', reason)

/** The signature or its date cannot be parsed: 400, as on Amazon's page of common errors. */
export const incompleteSignature = (message: string, reason: string) => new ApiError('IncompleteSignatureException', 400, message, reason)

/** This server has no such access key. Amazon's message is the same for an unknown session token. */
export const unrecognizedClient = (reason: string) =>
  new ApiError('UnrecognizedClientException', 403, 'The security token included in the request is invalid.', reason)

/** The temporary credentials have expired; clients get new ones. */
export const expiredToken = (reason: string) =>
  new ApiError('ExpiredTokenException', 403, 'The security token included in the request is expired', reason)

/** The signature can be parsed and is not valid. The official SDKs set their clock by the `Date` of this answer and retry. */
export const invalidSignature = (reason: string, message = mismatchSentence) =>
  new ApiError('InvalidSignatureException', 403, message, reason)
