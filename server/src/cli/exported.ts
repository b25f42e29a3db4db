import { quoted } from './quoted.ts'

/** Lines that set these variables in a shell. */
export const exported = (variables: Readonly<Record<string, string>>) =>
  Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    .join('')

/** The region under both names that clients know: boto3 and version 1 of the AWS CLI read only the second. */
export const regionVariables = (region: string) => ({ AWS_REGION: region, AWS_DEFAULT_REGION: region })
