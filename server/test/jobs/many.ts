/** Makes so many, thirty at once. */
export async function many<Made>(count: number, make: (index: number) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = []
  while (made.length < count) {
    const from = made.length
    made.push(...(await Promise.all(Array.from({ length: Math.min(30, count - from) }, async (_, index) => make(from + index)))))
  }
  return made
}
