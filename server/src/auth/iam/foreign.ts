import { wildcardsOf } from './pattern.ts'

/** The services whose actions and resources this server knows. `iam` is among them because roles are resources of IAM. */
const actionServices = ['chime', 'carillon', 'carillon-operator', 'sts']
const resourceServices = ['chime', 'sts', 'iam']

interface Scope {
  /** Patterns in lower case; undefined for a NotAction. */
  readonly actions: readonly string[] | undefined
  /** Undefined for a NotResource. */
  readonly resources: readonly string[] | undefined
}

/** The service of `SERVICE:ACTION` or `*`. */
const serviceOfAction = (action: string) => action.split(':', 1)[0]!

/** The service of `arn:PARTITION:SERVICE:…`; `*` if variables or wildcards leave it open, or if the text is not an ARN. */
const serviceOfResource = (resource: string) => /^arn:[^:$]*:([^:$]+)(?::|$)/.exec(resource)?.[1] ?? '*'

const isOneOf = (services: readonly string[], pattern: string) => services.some(wildcardsOf(pattern))

/** Whether a statement can never apply to a call to this server, whatever its conditions. */
export const isForeign = ({ actions, resources }: Scope): boolean =>
  actions?.every(action => !isOneOf(actionServices, serviceOfAction(action))) === true ||
  resources?.every(resource => !isOneOf(resourceServices, serviceOfResource(resource))) === true
