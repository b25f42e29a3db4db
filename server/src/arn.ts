/** The kinds of resource that have an ARN here (docs/service/wire.md#identifiers). */
export type ArnKind = 'app-instance' | 'user' | 'bot' | 'channel' | 'channel-flow'

/** A parsed ARN. `appInstanceArn` is the text up to and including the id of the app instance; `id` is the last part. */
export interface Arn {
  readonly text: string
  readonly appInstanceArn: string
  readonly kind: ArnKind
  readonly id: string
}

const pattern =
  /^(arn:[a-z0-9.-]{1,63}:chime:[a-z0-9.-]{0,63}:[a-z0-9.-]{0,63}:app-instance\/([^/\p{Cc}]{1,64}))(?:\/(user|bot|channel|channel-flow)\/([^/\p{Cc}]{1,64}))?$/u

/** Parses an ARN of this service; undefined for any other text. Ids may contain colons (Cognito's do), but no slashes. */
export function parseArn(text: string): Arn | undefined {
  const match = pattern.exec(text)
  if (!match) return undefined
  const [, appInstanceArn, appInstanceId, kind, id] = match
  return { text, appInstanceArn: appInstanceArn!, kind: (kind as ArnKind | undefined) ?? 'app-instance', id: id ?? appInstanceId! }
}

/** The ARNs of this service in the input of a call, by member. */
export type NamedArns = ReadonlyMap<string, readonly Arn[]>

/** The text of the ARN of a resource inside an app instance. */
export const arnWithin = (appInstanceArn: string, kind: Exclude<ArnKind, 'app-instance'>, id: string) => `${appInstanceArn}/${kind}/${id}`

/** The same ARN with its parts. */
export const within = (appInstanceArn: string, kind: Exclude<ArnKind, 'app-instance'>, id: string): Arn => ({
  text: arnWithin(appInstanceArn, kind, id),
  appInstanceArn,
  kind,
  id,
})

/** The ARNs of the Kinesis streams that Amazon accepts: their names begin with chime-messaging- (docs/service/streaming.md#configuration). */
export const streamArn = /^arn:[a-z0-9.-]+:kinesis:[a-z0-9-]+:[a-z0-9.-]*:stream\/chime-messaging-[A-Za-z0-9_.-]+$/
