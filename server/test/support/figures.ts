import { until } from './processor.ts'

/** GET /metrics, computed after this call: an answer may be a second old, and no two computations have the same CPU time. */
export async function figuresOf(url: string): Promise<string> {
  const ask = async () => (await fetch(`${url}/metrics`)).text()
  const first = await ask()
  return until(async () => {
    const text = await ask()
    return text === first ? undefined : text
  })
}
