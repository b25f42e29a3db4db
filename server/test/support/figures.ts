import { until } from './processor.ts'

/** GET /metrics, gathered after this was asked for: an answer may be a second old, and no two gatherings tell the same CPU time. */
export async function figuresOf(url: string): Promise<string> {
  const ask = async () => (await fetch(`${url}/metrics`)).text()
  const first = await ask()
  return until(async () => {
    const text = await ask()
    return text === first ? undefined : text
  })
}
