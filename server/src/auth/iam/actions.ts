/** Older names of actions, which policies written for Amazon Chime may use. */
const olderNames: Readonly<Record<string, string>> = {
  'chime:putmessagingstreamingconfigurations': 'chime:putappinstancestreamingconfigurations',
  'chime:getmessagingstreamingconfigurations': 'chime:getappinstancestreamingconfigurations',
  'chime:deletemessagingstreamingconfigurations': 'chime:deleteappinstancestreamingconfigurations',
}

/** All names of an action, in lower case; the names of actions are not case-sensitive. */
export function namesOfAction(action: string): readonly string[] {
  const name = action.toLowerCase()
  const older = olderNames[name]
  return older === undefined ? [name] : [name, older]
}
