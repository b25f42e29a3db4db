/** Text from users is stored as JSON, quotes included (migrations/001-first.ts says why). */
export const json = (text: string) => JSON.stringify(text)
export const jsonIfGiven = (text: string | undefined) => (text === undefined ? null : JSON.stringify(text))
/** Objects are stored the same way. */
export const jsonOfObject = (value: unknown) => (value === undefined ? null : JSON.stringify(value))

export const parsed = <Value = string>(json: string) => JSON.parse(json) as Value
export const parsedIfGiven = <Value = string>(json: string | null) => (json === null ? undefined : (JSON.parse(json) as Value))

/** SQL for epoch milliseconds as a JSON number of seconds. Null stays null. */
export const secondsText = (milliseconds: string) => `(cast(${milliseconds} as double precision) / 1000)`

/** The beginning of a message of another service, without what PostgreSQL's text cannot hold or a terminal would carry out. */
export const storableError = (error: string) =>
  error
    .slice(0, 1000)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, ' ')

type Column<Stored> = Stored extends undefined ? null : Stored extends Date | boolean ? number : Stored extends object ? string : Stored

/** The row that stores a record: times are milliseconds, flags 0 or 1, objects JSON, and members without a value null. */
export type RowOf<Stored> = { readonly [Member in keyof Stored]: Column<Stored[Member]> }

export const dateIfGiven = (milliseconds: number | null) => (milliseconds === null ? undefined : new Date(milliseconds))
