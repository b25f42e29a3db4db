import { start, type AskedSession } from '../stock-session.ts'

/** The page with what a test calls and reads: `begin` starts a session, `lines` is what the sessions were told. */
const lines: string[] = []
Object.assign(globalThis, { lines, begin: (asked: AskedSession) => start(asked, line => lines.push(line)) })
