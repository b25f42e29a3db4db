import { operators } from '../../contract/carillon/index.ts'
import { operations, services, type OperationName } from '../../contract/index.ts'
import { wildcardsOf } from './pattern.ts'

/** Older names of actions, which policies for Amazon Chime may still use. */
const olderNames: Readonly<Record<string, string>> = {
  'chime:putmessagingstreamingconfigurations': 'chime:putappinstancestreamingconfigurations',
  'chime:getmessagingstreamingconfigurations': 'chime:getappinstancestreamingconfigurations',
  'chime:deletemessagingstreamingconfigurations': 'chime:deleteappinstancestreamingconfigurations',
}

const ours: ReadonlySet<string> = new Set(services.carillon)

function prefixOf(name: OperationName) {
  if (!ours.has(name)) return 'chime'
  return Object.hasOwn(operators, name) ? 'carillon-operator' : 'carillon'
}

/** The IAM action of an operation: `chime:NAME` for Amazon's, `carillon:NAME` or `carillon-operator:NAME` for those that Amazon does not have. */
export const actionOf = (name: OperationName) => `${prefixOf(name)}:${name}`

/** All names of an action, in lower case; the names of actions are not case-sensitive. */
export function namesOfAction(action: string): readonly string[] {
  const name = action.toLowerCase()
  const older = olderNames[name]
  return older === undefined ? [name] : [name, older]
}

/** All actions, with their older names, in lower case. A socket needs chime:Connect. */
const known = ['chime:connect', ...(Object.keys(operations) as OperationName[]).flatMap(name => namesOfAction(actionOf(name)))]
const prefixes = new Set(known.map(action => action.slice(0, action.indexOf(':'))))

/** Whether a pattern of actions looks like one of this server and covers none of its actions, such as chime:SendMessage. */
export function isUnknownAction(pattern: string): boolean {
  const covers = wildcardsOf(pattern.toLowerCase())
  return prefixes.has(pattern.slice(0, pattern.indexOf(':')).toLowerCase()) && !known.some(covers)
}
