/**
 * Node's own http. An import statement would read all of its exports, including the client of WebSockets, for which Node loads undici: 4 MB
 * of memory that a server does not use.
 */
export const { Agent, createServer, request } = process.getBuiltinModule('node:http')
