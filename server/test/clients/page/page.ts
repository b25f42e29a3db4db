import { Carillon } from '../../../src/client/carillon.ts'
import { start, type AskedSession } from '../stock-session.ts'

/**
 * What a test calls and reads: `begin` starts a session, `lines` are the events of the sessions, `Carillon` is the client of our
 * operations.
 */
const lines: string[] = []
Object.assign(globalThis, { lines, Carillon, begin: (asked: AskedSession) => start(asked, line => lines.push(line)) })
