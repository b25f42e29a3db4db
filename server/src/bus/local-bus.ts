import type { Bus, Listener } from './bus.ts'

/** The bus of a single node: every listener has heard an event when `publish` returns. */
export function createLocalBus(): Bus {
  const listeners: Listener[] = []
  return {
    publish(event) {
      for (const listener of listeners) listener.hear(event)
    },
    subscribe(listener) {
      listeners.push(listener)
    },
    heardUntil: () => Date.now(),
    following: undefined,
  }
}
