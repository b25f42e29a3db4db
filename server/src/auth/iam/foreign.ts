import { wildcardsOf } from './pattern.ts'

/** The services whose actions this server asks for, and those whose resources it asks about: roles are IAM's. */
const actionServices = ['chime', 'sts']
const resourceServices = ['chime', 'sts', 'iam']

interface Scope {
  /** Patterns in lower case; undefined for a NotAction. */
  readonly actions: readonly string[] | undefined
  /** Undefined for a NotResource. */
  readonly resources: readonly string[] | undefined
}

/** Of `SERVICE:ACTION`, or `*`. */
const serviceOfAction = (action: string) => action.split(':', 1)[0]!

/** Of `arn:PARTITION:SERVICE:…`; `*` where variables or wildcards leave it open, and for what is no ARN. */
const serviceOfResource = (resource: string) => /^arn:[^:$]*:([^:$]+)(?::|$)/.exec(resource)?.[1] ?? '*'

const isOneOf = (services: readonly string[], pattern: string) => services.some(wildcardsOf(pattern))

/** Whether a statement can never be about a call to this server, whatever its conditions say. */
export const isForeign = ({ actions, resources }: Scope): boolean =>
  actions?.every(action => !isOneOf(actionServices, serviceOfAction(action))) === true ||
  resources?.every(resource => !isOneOf(resourceServices, serviceOfResource(resource))) === true
