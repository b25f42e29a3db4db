const largestDocument = 256 * 1024
const patienceMilliseconds = 5000
/** So many answers are waited for and kept in memory at the most; none waits for another. */
const mostAtOnce = 256
let underWay = 0

/** Fetches from where the operator has said, and from nowhere else: no redirects, so many bytes at the most, and so soon. */
export async function fetchDocument(url: string, init: RequestInit = {}): Promise<Response> {
  if (underWay >= mostAtOnce) throw new Error(`${mostAtOnce} answers are waited for already, so ${url} is not asked`)
  underWay++
  try {
    return await fetched(url, init)
  } finally {
    underWay--
  }
}

async function fetched(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(patienceMilliseconds), ...init })
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength
    if (length > largestDocument) throw new Error(`${url} answers with more than ${largestDocument} bytes`)
    chunks.push(chunk)
  }
  return new Response(chunks.length > 0 ? Buffer.concat(chunks) : undefined, { status: response.status })
}
