import { quoted } from './quoted.ts'

/** Lines that give a shell these variables. */
export const exported = (variables: Readonly<Record<string, string>>) =>
  Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    .join('')

/** The region of a client, under both names that clients know: boto3 and version 1 of the AWS CLI read the second only. */
export const regionVariables = (region: string) => ({ AWS_REGION: region, AWS_DEFAULT_REGION: region })
