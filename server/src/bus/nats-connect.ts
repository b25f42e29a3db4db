import { connect } from '@nats-io/transport-node'
import { NodeTransport } from '@nats-io/transport-node/lib/node_transport.js'

const close = Reflect.get(NodeTransport.prototype, 'close')

/** The library gives up a server that does not greet in time, and leaves the connection to it open. */
NodeTransport.prototype.close = async function closeAlso(this: NodeTransport, error?: Error) {
  if (!this.connected) {
    this.done = true
    // Before the dialled connection is open there is none.
    ;(this.socket as NodeTransport['socket'] | undefined)?.destroy()
  }
  await close.call(this, error)
}

/** Connects to NATS. A connection that was given up is closed. */
export const connectNats = connect
