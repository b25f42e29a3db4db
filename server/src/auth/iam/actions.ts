import { services, type OperationName } from '../../contract/index.ts'

/** Older names of actions, which policies written for Amazon Chime may use. */
const olderNames: Readonly<Record<string, string>> = {
  'chime:putmessagingstreamingconfigurations': 'chime:putappinstancestreamingconfigurations',
  'chime:getmessagingstreamingconfigurations': 'chime:getappinstancestreamingconfigurations',
  'chime:deletemessagingstreamingconfigurations': 'chime:deleteappinstancestreamingconfigurations',
}

const ours: ReadonlySet<string> = new Set(services.carillon)

/** The IAM action of an operation: Amazon's are `chime:NAME`, those that Amazon does not have `carillon:NAME`. */
export const actionOf = (name: OperationName) => [ours.has(name) ? 'carillon' : 'chime', name].join(':')

/** All names of an action, in lower case; the names of actions are not case-sensitive. */
export function namesOfAction(action: string): readonly string[] {
  const name = action.toLowerCase()
  const older = olderNames[name]
  return older === undefined ? [name] : [name, older]
}
