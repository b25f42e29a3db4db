const largestDocument = 256 * 1024
const patienceMilliseconds = 5000
/** The most fetches at the same time, whose responses are held in memory; further ones fail immediately. */
const mostAtOnce = 256
let underWay = 0

/** Fetches a document from a URL that the operator has configured: no redirects, and bounds for size and time. */
export async function fetchDocument(url: string, init: RequestInit = {}): Promise<Response> {
  if (underWay >= mostAtOnce) throw new Error(`${mostAtOnce} fetches are in progress already, so ${url} is not fetched`)
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
  const type = response.headers.get('content-type')
  return new Response(chunks.length > 0 ? Buffer.concat(chunks) : undefined, {
    status: response.status,
    headers: type === null ? {} : { 'content-type': type },
  })
}
