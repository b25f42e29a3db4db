export const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

export const rounded = (value: number, digits = 1) => Math.round(value * 10 ** digits) / 10 ** digits

/** The least and the greatest. */
export const spread = (values: readonly number[], digits = 0) =>
  `${rounded(Math.min(...values), digits)}–${rounded(Math.max(...values), digits)}`

/** Takes all measurements in turn, once to warm up and then so often; by name. */
export async function inRounds<Figures>(
  kinds: Readonly<Record<string, () => Promise<Figures>>>,
  rounds: number,
): Promise<ReadonlyMap<string, Figures[]>> {
  for (const measure of Object.values(kinds)) await measure()
  const figures = new Map<string, Figures[]>(Object.keys(kinds).map(kind => [kind, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [kind, measure] of Object.entries(kinds)) figures.get(kind)!.push(await measure())
  }
  return figures
}
