/** The login of a client at NATS: a user with a password, a token, the seed of an NKey, or the text of a credentials file. */
export type NatsLogin =
  | { readonly user: string; readonly password: string | undefined }
  | { readonly token: string }
  | { readonly nkeySeed: string }
  | { readonly credentials: string }

/** The servers and login of a NATS. */
export interface NatsAccess {
  /** The URLs of its servers, at least one. */
  readonly urls: readonly string[]
  readonly login: NatsLogin | undefined
  /** For TLS, in PEM: the CA of the servers' certificates, and the client's certificate with its key. */
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
}

/** Whether the connection is encrypted. */
export const isOverTls = ({ urls, ca, cert }: Pick<NatsAccess, 'urls' | 'ca' | 'cert'>) =>
  urls.some(url => url.startsWith('tls:')) || (ca ?? cert) !== undefined

export const isNkeySeed = (text: string) => /^SU[A-Z2-7]+$/.test(text)

export const isNatsCredentials = (text: string) => /BEGIN NATS USER JWT[^]*BEGIN USER NKEY SEED/.test(text)
