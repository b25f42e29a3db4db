/**
 * Sessions of the stock amazon-chime-sdk-js, started as an application in Node starts them; a program of its own, because Node reads
 * NODE_EXTRA_CA_CERTS only when it starts. Its one argument is a JSON array of session options. It prints one line for each event of a
 * session.
 */
import { start, type AskedSession } from './stock-session.ts'

const print = (line: string) => void process.stdout.write(`${line}\n`)
const asked: AskedSession[] = JSON.parse(process.argv[2] ?? '[]')
for (const each of asked) start(each, print)
// A session that is refused while it reconnects rejects a promise that no code can await.
process.on('unhandledRejection', reason => {
  const { code, reason: text } = reason as CloseEvent
  print(`unhandled ${code} ${text}`)
})
