import type { Handlers } from './call.ts'

export const sessions: Handlers<'GetMessagingSessionEndpoint'> = {
  /**
   * A bare host, with its port where that is not 443: clients put wss:// before it and sign it as the host (spec/wire.md §8). Where
   * the server has TLS it is the host name of the call with the port of TLS, since wss is all that they speak.
   */
  async GetMessagingSessionEndpoint(_, { publicWsHost, host, tlsPort }) {
    const called = tlsPort === undefined ? host : `${host.replace(/:\d*$/, '')}:${tlsPort}`
    return { Endpoint: { Url: (publicWsHost ?? called).replace(/:443$/, '') } }
  },
}
