import { operators } from '../../contract/carillon/index.ts'
import { services, type OperationName } from '../../contract/index.ts'

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
