import type { App } from '../../src/app.ts'
import { createAccessKey } from '../../src/keys/access-keys.ts'
import { changeIamRole, createIamRole, type GivenIamRole } from '../../src/keys/iam-roles.ts'
import { parseMasterKeys } from '../../src/settings/master-keys.ts'
import { call, type SigningKey } from './signed.ts'
import { masterKey, type World } from './world.ts'

const own = parseMasterKeys(masterKey, 'test')
const source = { read: async () => own, make: async () => own, renew: async () => own[0]! }

const unknownKey = { accessKeyId: 'AKIAUNKNOWNUNKNOWNUN', secretAccessKey: 'unknown' }

/** The node has all changes of keys and roles that are committed by now: it reloads them before it refuses an unknown key. */
export async function followed({ app: { url } }: { readonly app: Pick<App, 'url'> }): Promise<void> {
  const { status } = await call(url, unknownKey, { path: '/channels' })
  if (status !== 403) throw new Error(`an unknown key is answered with ${status}`)
}

/** A policy of statements that allow, each with its actions and its resources. */
export const allowing = (...statements: [action: string | string[], resource: string | string[]][]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements.map(([Action, Resource]) => ({ Effect: 'Allow', Action, Resource })) })

/** A key with that policy, as `carillon keys create` creates it. */
export async function makeKey({ app }: Pick<World, 'app'>, policy: string, name?: string): Promise<SigningKey & { name: string }> {
  const { id, secret, name: given } = await createAccessKey(app.db, source, { name, policy, now: Date.now() })
  return { accessKeyId: id, secretAccessKey: secret, name: given }
}

type AnyRole = Partial<Omit<GivenIamRole, 'trust'>> & { readonly trust?: Partial<GivenIamRole['trust']> }

/** A role, as `carillon roles create` creates it; returns its ARN. */
export async function makeRole({ app }: Pick<World, 'app'>, name: string, given: AnyRole): Promise<string> {
  const { policy = allowing(['*', '*']), trust, tags = [], longestSeconds = 3600 } = given
  const whole = { policy, tags, longestSeconds, trust: { principals: [], oidc: undefined, externalId: undefined, ...trust } }
  await createIamRole(app.db, name, whole, Date.now())
  return `arn:aws:iam::000000000000:role/${name}`
}

export async function changeTheRole({ app }: Pick<World, 'app'>, name: string, change: Partial<GivenIamRole>): Promise<void> {
  await changeIamRole(app.db, name, role => ({ ...role, ...change }), Date.now())
  await followed({ app })
}

/** What STS answers. */
export interface StsAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The text of the first element of that name. */
  value(element: string): string | undefined
  /** The credentials that it has returned. */
  readonly credentials: Required<SigningKey>
}

const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" }

function answered(status: number, headers: Headers, text: string): StsAnswer {
  const value = (element: string) =>
    new RegExp(`<${element}>([^<]*)</${element}>`).exec(text)?.[1]?.replaceAll(/&\w+;/g, entity => entities[entity]!)
  return {
    status,
    headers,
    text,
    value,
    get credentials() {
      if (status !== 200) throw new Error(text)
      return { accessKeyId: value('AccessKeyId')!, secretAccessKey: value('SecretAccessKey')!, sessionToken: value('SessionToken')! }
    },
  }
}

/** A call of STS in the query protocol, signed by Amazon's own signer where a key is given. */
export async function sts(
  { url }: Pick<App, 'url'>,
  key: SigningKey | undefined,
  Action: string,
  parameters: Readonly<Record<string, string>> = {},
  draft: { readonly service?: string; readonly method?: string } = {},
): Promise<StsAnswer> {
  const form = new URLSearchParams({ Action, Version: '2011-06-15', ...parameters }).toString().replaceAll('+', '%20')
  const { service = 'sts', method = 'POST' } = draft
  const asked = method === 'GET' ? { query: form } : { body: form, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  if (key) {
    const { status, headers, text } = await call(url, key, { method, path: '/', service, ...asked })
    return answered(status, headers, text)
  }
  const response = await fetch(`${url}/${method === 'GET' ? `?${form}` : ''}`, { method, ...(method === 'POST' && { body: form }) })
  return answered(response.status, response.headers, await response.text())
}
