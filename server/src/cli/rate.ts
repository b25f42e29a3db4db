/** The option that bounds the speed of an export or import, since a server may be using the database. */
export const rateOption = ['--rate <lines>', 'the most lines a second', '20000'] as const

export function rateOf(given: string, flag: string): number {
  const rate = Number(given)
  if (!(rate > 0) || rate > 1e9) throw new Error(`${flag} must be a number greater than 0, not '${given}'.`)
  return rate
}
