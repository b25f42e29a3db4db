import { firstValue } from './queries.ts'

/** The encoding of a database of PostgreSQL. */
export const encodingOf = firstValue<string>(`select current_setting('server_encoding') as value`)
