/** How fast an export or an import may go, because a server may be working beside. */
export const rateOption = ['--rate <lines>', 'lines a second at the most', '20000'] as const

export function rateOf(given: string, flag: string): number {
  const rate = Number(given)
  if (!(rate > 0) || rate > 1e9) throw new Error(`${flag} is a number that is greater than 0; ${given} is none.`)
  return rate
}
