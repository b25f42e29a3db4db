/**
 * Node's own http. An import statement would ask for all that it exports, the client of WebSockets too, for which Node loads undici at
 * every start: 4 MB of memory that a server has no use for.
 */
export const { Agent, createServer, request } = process.getBuiltinModule('node:http')
