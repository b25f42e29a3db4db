import type { Handlers } from './call.ts'

export const sessions: Handlers<'GetMessagingSessionEndpoint'> = {
  /**
   * Answers a bare host, with its port where that is not 443: clients put wss:// before it and sign it as the host
   * (docs/service/sessions.md#the-endpoint). Where the server has TLS it is the host name of the call with the port of TLS, since clients
   * speak wss only.
   */
  async GetMessagingSessionEndpoint(_, { publicWsHost, host, tlsPort }) {
    const called = tlsPort === undefined ? host : `${host.replace(/:\d*$/, '')}:${tlsPort}`
    return { Endpoint: { Url: (publicWsHost ?? called).replace(/:443$/, '') } }
  },
}
