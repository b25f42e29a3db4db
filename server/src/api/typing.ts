import type { Handlers } from './call.ts'
import { indicateTyping } from '../domain/typing.ts'
import { actingIn } from './acting.ts'

export const typing = {
  async SendTypingIndicator({ IsTyping }, call) {
    indicateTyping(call.bus, actingIn(call), IsTyping)
  },
} satisfies Partial<Handlers>
