/**
 * Node's own http. An import statement would ask for all that it exports, the client of WebSockets too, for which Node loads the whole
 * of undici: a third of what a server takes to start.
 */
export const { createServer } = process.getBuiltinModule('node:http')
