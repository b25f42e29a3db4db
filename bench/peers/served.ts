/** A server that is measured. */
export interface Served {
  readonly name: string
  readonly pid: number
  /** The process of the database server that has its data. */
  readonly storePid: number | undefined
}
