import type { Handlers } from './call.ts'

export const messagingSession = {
  /**
   * Returns a bare host, with its port if that is not 443: clients put wss:// before it and sign it as the host
   * (docs/service/sessions.md#the-endpoint). With TLS on, it is the host name of the call with the TLS port, since clients use wss
   * only.
   */
  async GetMessagingSessionEndpoint(_, { publicWsHost, host, tlsPort }) {
    const called = tlsPort === undefined ? host : `${host.replace(/:\d*$/, '')}:${tlsPort}`
    return { Endpoint: { Url: (publicWsHost ?? called).replace(/:443$/, '') } }
  },
} satisfies Partial<Handlers>
