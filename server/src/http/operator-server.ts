import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import type { Log } from '../observe/log.ts'
import { Admission } from './admission.ts'
import { malformedRequest, strictHeaders } from './response.ts'
import { send } from './responses.ts'
import { createServer } from '../tools/node-http.ts'
import { noPage, type OperatorPages } from './operator-pages.ts'

/** The most connections, since a server has a handful of monitors. */
const mostConnections = 1000

/** A listener for the operator's pages only. It answers while the server starts, and until the server has ended. */
export function createOperatorServer(pages: OperatorPages, { options, log }: { options: ServerOptions; log: Log }): Server {
  async function answer({ method, url }: IncomingMessage, response: ServerResponse) {
    const path = url!.split('?', 1)[0]!
    const page = method === 'GET' && Object.hasOwn(pages, path) ? pages[path as keyof OperatorPages] : undefined
    try {
      send(response, page ? await page() : noPage)
    } catch (error) {
      log.error({ err: error, path }, '/health or /metrics has failed')
      send(response, { status: 500, headers: strictHeaders, body: undefined })
    }
  }
  const admission = new Admission((request, response) => void answer(request, response))
  const server = createServer({ ...options, shouldUpgradeCallback: () => false })
  server.maxConnections = mostConnections
  return server.on('request', (request, response) => admission.enter(request, response)).on('clientError', malformedRequest)
}
