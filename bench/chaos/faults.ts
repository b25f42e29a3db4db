import { setTimeout } from 'node:timers/promises'
import type { Chance } from '../support/chance.ts'
import type { Cluster, Node } from './cluster.ts'

export interface Scene {
  readonly cluster: Cluster
  readonly chance: Chance
  /** How long a fault lasts, in milliseconds; a process is frozen for twice as long, and NATS is away three times as long. */
  readonly lasts: number
}

async function whileIt(lasts: number, begin: () => unknown, end: () => unknown) {
  await begin()
  try {
    await setTimeout(lasts)
  } finally {
    await end()
  }
}

const oneOf = ({ chance, cluster }: Scene) => chance.of(cluster.nodes)

const onWay = (of: (node: Node) => { heal(): void }, what: (node: Node) => void) => async (scene: Scene) => {
  const node = oneOf(scene)
  await whileIt(
    scene.lasts,
    () => what(node),
    () => of(node).heal(),
  )
}

/** Starts a fault, and ends it after its time. */
export const faults: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  async 'node killed'(scene) {
    const node = oneOf(scene)
    await whileIt(
      scene.lasts,
      () => node.kill(),
      () => node.start(),
    )
  },
  async 'node frozen'(scene) {
    const node = oneOf(scene)
    await whileIt(
      2 * scene.lasts,
      () => node.signal('SIGSTOP'),
      () => node.signal('SIGCONT'),
    )
  },
  async 'node added'({ cluster, lasts }) {
    const node = await cluster.add()
    await setTimeout(lasts)
    await cluster.remove(node)
  },
  'node cut off from NATS': onWay(
    ({ toNats }) => toNats,
    ({ toNats }) => toNats.cut(),
  ),
  'way to NATS frozen': onWay(
    ({ toNats }) => toNats,
    ({ toNats }) => toNats.freeze(),
  ),
  'messages of NATS dropped': onWay(
    ({ toNats }) => toNats,
    ({ toNats }) => toNats.drop(),
  ),
  'node cut off from PostgreSQL': onWay(
    ({ toPostgres }) => toPostgres,
    ({ toPostgres }) => toPostgres.cut(),
  ),
  'way to PostgreSQL frozen': onWay(
    ({ toPostgres }) => toPostgres,
    ({ toPostgres }) => toPostgres.freeze(),
  ),
  async 'NATS restarted'({ cluster }) {
    await cluster.nats.stop()
    await cluster.nats.start()
  },
  async 'NATS away'({ cluster, lasts }) {
    await whileIt(
      3 * lasts,
      () => cluster.nats.stop(),
      () => cluster.nats.start(),
    )
  },
  async 'PostgreSQL restarted'({ cluster }) {
    await cluster.postgres.stop()
    await cluster.postgres.start()
  },
  async 'PostgreSQL stopped at once'({ cluster }) {
    await cluster.crashPostgres()
    await cluster.postgres.start()
  },
  async 'PostgreSQL failed over'({ cluster, lasts }) {
    await cluster.failOver(lasts)
  },
  async 'PostgreSQL frozen'({ cluster, lasts }) {
    await whileIt(
      2 * lasts,
      () => cluster.signalPostgres('SIGSTOP'),
      () => cluster.signalPostgres('SIGCONT'),
    )
  },
  async 'rolling restart'({ cluster }) {
    for (const node of cluster.nodes) {
      await node.stop()
      await node.start()
    }
  },
  async 'clocks apart'(scene) {
    const node = oneOf(scene)
    await node.stop()
    await node.start(scene.chance.of([-2000, 2000]))
    await setTimeout(scene.lasts)
    await node.stop()
    await node.start()
  },
}
