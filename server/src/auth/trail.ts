import type { Arn, NamedArns } from '../arn.ts'
import type { Principal } from './principal.ts'

/** The checks of a call, in their order; each of them can refuse it. */
export type Stage = 'SIGNATURE' | 'INPUT' | 'IAM' | 'ROLE' | 'OPERATION' | 'ANSWERED'

/**
 * What the checks of a call have found so far. It only holds references, so it costs a call next to nothing. The audit log and
 * ListRecentCalls derive from it what they show.
 */
export class Trail {
  /** The current check. */
  stage: Stage = 'SIGNATURE'
  principal: Principal | undefined
  /** What was decoded from the request. */
  input: Readonly<Record<string, unknown>> | undefined
  readonly #authorization: string | undefined
  #accessKeyId: string | undefined
  #bearer: Arn | undefined
  #arns: NamedArns | undefined
  #others: string[] | undefined

  constructor(authorization?: string) {
    this.#authorization = authorization
  }

  signed({ accessKeyId, principal }: { readonly accessKeyId: string; readonly principal: Principal }) {
    this.#accessKeyId = accessKeyId
    this.principal = principal
  }

  names(bearer: Arn | undefined, arns?: NamedArns) {
    this.#bearer = bearer
    this.#arns = arns
  }

  /** Adds another resource of the call. */
  isAbout(text: string) {
    ;(this.#others ??= []).push(text)
  }

  /** The ARN in an answer is that of a resource that was created or changed. */
  made(output: object | undefined) {
    for (const member in output) {
      const value = (output as Record<string, unknown>)[member]
      if (member.endsWith('Arn') && typeof value === 'string') this.isAbout(value)
    }
  }

  /** Who did what: the key that signed, or the key that the caller claims; and the resources. */
  get entry() {
    const arns = [...(this.#arns?.values() ?? [])].flat().map(({ text }) => text)
    // Operations about access keys and roles name their resources by these members.
    const { AccessKeyId, RoleName } = this.input ?? {}
    const others = [AccessKeyId, RoleName].filter(each => typeof each === 'string')
    return {
      accessKeyId: this.#accessKeyId ?? /\bCredential=([\w.-]{1,128})\//.exec(this.#authorization ?? '')?.[1],
      principal: this.principal?.arn,
      bearer: this.#bearer?.text,
      resources: [...new Set([...arns, ...others, ...(this.#others ?? [])])],
    }
  }
}
