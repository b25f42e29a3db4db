export const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

export const rounded = (value: number, digits = 1) => Math.round(value * 10 ** digits) / 10 ** digits

/** The least and the greatest. */
export const spread = (values: readonly number[], digits = 0) =>
  `${rounded(Math.min(...values), digits)}–${rounded(Math.max(...values), digits)}`

/** Between which values the middle half of them is: what a single odd round does not change. */
export function middleHalf(values: readonly number[], digits = 0) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => rounded(sorted[Math.round((sorted.length - 1) * part)]!, digits)
  return `${at(0.25)}–${at(0.75)}`
}

/** For that long a server runs code that V8 is still compiling. */
export const warmUps = 3

/** Runs all measurements in turn, a few times to warm up and then so many times; by name. */
export async function inRounds<Figures>(
  kinds: Readonly<Record<string, () => Promise<Figures>>>,
  rounds: number,
): Promise<ReadonlyMap<string, Figures[]>> {
  for (let round = 0; round < warmUps; round++) for (const measure of Object.values(kinds)) await measure()
  const figures = new Map<string, Figures[]>(Object.keys(kinds).map(kind => [kind, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [kind, measure] of Object.entries(kinds)) figures.get(kind)!.push(await measure())
  }
  return figures
}
