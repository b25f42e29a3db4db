import { parseArn, type Arn } from '../../arn.ts'
import { unauthorizedBearer } from '../../errors.ts'

/**
 * Returns the user or bot that x-amz-chime-bearer names. Throws 401 if the header is missing or no such ARN
 * (docs/service/operations.md#the-bearer).
 */
export function bearerOf(header: string | string[] | undefined): Arn {
  if (typeof header !== 'string' || header === '')
    throw unauthorizedBearer('The header x-amz-chime-bearer is missing. It names the user or bot that makes the call.')
  const arn = parseArn(header)
  if (arn?.kind !== 'user' && arn?.kind !== 'bot') {
    throw unauthorizedBearer(
      'The header x-amz-chime-bearer must be the ARN of a user or bot: arn:aws:chime:REGION:ACCOUNT:app-instance/ID/user/ID or …/bot/ID.',
    )
  }
  return arn
}
