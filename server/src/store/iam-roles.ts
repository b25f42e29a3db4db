import { statement, type Queries } from '../database/database.ts'
import { pageOf, textCursor, textIn, type Cursor, type Page } from './page.ts'
import { changeRow, countRows } from './queries.ts'
import { parsed, type RowOf } from './text.ts'

/** Which tokens of an issuer a role accepts. */
interface OidcTrust {
  readonly issuer: string
  /** The accepted audiences. */
  readonly audiences: readonly string[]
  /** The condition on the claims, as a Condition element of IAM's JSON. */
  readonly condition?: object | undefined
}

/** The trust of a role: who may assume it. */
export interface Trust {
  /** Access key ids, ARNs of principals and roles, and `arn:aws:iam::ACCOUNT:root` for every principal whose policy allows it. */
  readonly principals: readonly string[]
  /** The JSON Web Tokens that are accepted; undefined for none. */
  readonly oidc: OidcTrust | undefined
  /** The ExternalId that AssumeRole must have. */
  readonly externalId: string | undefined
}

export interface StoredIamRole {
  /** `AROA…`; a role that is created again under the same name gets another id. */
  readonly id: string
  readonly name: string
  /** IAM's JSON, as it was given. */
  readonly policy: string
  readonly trust: Trust
  /** The session tags that may be passed; `*` for all. */
  readonly tags: readonly string[]
  /** The longest session, in seconds. */
  readonly longestSeconds: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

type Row = RowOf<StoredIamRole>

const columns = `
  id, name, policy, trust, tags, longest_seconds as "longestSeconds", created_at as "createdAt", updated_at as "updatedAt"`

const insert = statement(`
  insert into iam_roles (name, id, policy, trust, tags, longest_seconds, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict do nothing`)
const update = statement(`
  update iam_roles set policy = $2, trust = $3, tags = $4, longest_seconds = $5, updated_at = $6 where name = $1`)
const selectAll = statement<Row>(`select ${columns} from iam_roles order by name`)
const selectAfter = statement<Row>(`select ${columns} from iam_roles where name > $1 order by name limit $2`)
const selectOne = statement<Row>(`select ${columns} from iam_roles where name = $1`)

const record = (row: Row): StoredIamRole => ({
  ...row,
  trust: parsed<Trust>(row.trust),
  tags: parsed<string[]>(row.tags),
  createdAt: new Date(row.createdAt),
  updatedAt: new Date(row.updatedAt),
})

/** False if the name is in use. */
export async function insertIamRole(tx: Queries, { name, id, policy, trust, tags, longestSeconds, createdAt, updatedAt }: StoredIamRole) {
  const values = [policy, JSON.stringify(trust), JSON.stringify(tags), longestSeconds, createdAt.getTime(), updatedAt.getTime()]
  return (await tx.run(insert, name, id, ...values)) === 1
}

/** Replaces everything except name, id and creation time. */
export async function updateIamRole(tx: Queries, { name, policy, trust, tags, longestSeconds, updatedAt }: StoredIamRole) {
  await tx.run(update, name, policy, JSON.stringify(trust), JSON.stringify(tags), longestSeconds, updatedAt.getTime())
}

/** In the order of their names. */
export async function iamRoles(db: Queries): Promise<StoredIamRole[]> {
  return (await db.all(selectAll)).map(record)
}

/** A page of the roles, in the order of their names. */
export async function listIamRoles(db: Queries, after: Cursor | undefined, limit: number): Promise<Page<StoredIamRole>> {
  const rows = await db.all(selectAfter, textIn(after), limit + 1)
  return pageOf(rows, limit, ({ name }) => textCursor(name), record)
}

export async function iamRoleOf(db: Queries, name: string): Promise<StoredIamRole | undefined> {
  const row = await db.get(selectOne, name)
  return row && record(row)
}

export const countIamRoles = countRows(`select count(*) as count from iam_roles`)

/** False if there is no role of that name. */
export const deleteIamRole = changeRow<[name: string]>(`delete from iam_roles where name = $1`)
