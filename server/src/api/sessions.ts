import type { Handlers } from '../call.ts'

export const sessions: Handlers<'GetMessagingSessionEndpoint'> = {
  /** A bare host, with its port where that is not 443: clients put wss:// before it and sign it as the host (spec/wire.md §8). */
  async GetMessagingSessionEndpoint(_, { publicWsHost, host }) {
    return { Endpoint: { Url: (publicWsHost ?? host).replace(/:443$/, '') } }
  },
}
