import { failure } from '../errors.ts'

/** Where a request for the console arrived. */
interface Arrived {
  readonly isSecure: boolean
  /** The host that the client called, with its port. */
  readonly host: string
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i

/**
 * The console is served over TLS, and over plain HTTP on the machine itself. The check of the name also refuses foreign names that resolve
 * to this machine.
 */
export const mayServe = ({ isSecure, host }: Arrived) => isSecure || loopback.test(host)

export const overTlsOnly = () =>
  failure(
    'ForbiddenException',
    'The console is served over TLS only, except on this machine',
    'Open it under https://, or under http://localhost on the machine of the server. Behind a proxy that ends TLS give --trust-proxy.',
  )
