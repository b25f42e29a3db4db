import type { JsonObject } from '../tools/json.ts'
import { destinationSecret, secretSource } from './destination-secrets.ts'

/** An HTTP service that receives what Amazon's service would receive, signed with a shared secret. */
export interface WebhookDestination {
  readonly type: 'webhook'
  readonly url: string
  readonly secret: string
}

const shortestSecret = 16

/** Reads the entry of a webhook. Throws an Error that says what it must be. */
export async function webhookDestination(entry: JsonObject, environment: NodeJS.ProcessEnv): Promise<WebhookDestination> {
  const { url } = entry
  if (typeof url !== 'string' || !/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new Error('url must be a URL such as https://audit.example.com/records; its text is not shown, since it may contain a secret')
  const { username, password } = new URL(url)
  if (username !== '' || password !== '') throw new Error('url must not have a user or a password: the secret signs each request')
  const secret = await destinationSecret(entry, 'secret', 'a webhook', environment)
  if (secret.length < shortestSecret)
    throw new Error(
      `the secret of ${secretSource(entry, 'secret')} must have at least ${shortestSecret} characters: openssl rand -base64 30 makes one`,
    )
  return { type: 'webhook', url, secret }
}
