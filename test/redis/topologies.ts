import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from '../../examples/demo/freePort.ts'
import { sentinelServer, storeServer } from './storeServer.ts'

/** Says one command to the Redis at `port`. */
export async function say(port: number, command: string, ...args: (string | number)[]): Promise<unknown> {
  const client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null })
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.call(command, ...args)
  } finally {
    client.disconnect()
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await isSo().catch(() => false)) return
    await sleep(20)
  }
  throw new Error('The Redis servers do not find each other.')
}

const SLOTS = 16_384

/** A real Redis Cluster of three masters, each with a replica. */
export async function storeCluster() {
  const nodes = await Promise.all(
    Array.from({ length: 6 }, async () =>
      storeServer(
        ...['--cluster-enabled', 'yes', '--cluster-port', `${await freePort(0)}`],
        ...['--cluster-node-timeout', '1000', '--cluster-replica-validity-factor', '0'],
        ...['--repl-diskless-sync-delay', '0'],
      ),
    ),
  )
  const ports = nodes.map(({ port }) => port)
  const [first = 0] = ports
  const busOf = async (port: number) =>
    Number(/@(\d+)[ ,]/.exec(String(await say(port, 'CLUSTER', 'NODES')))?.[1])
  for (const port of ports.slice(1)) await say(first, 'CLUSTER', 'MEET', '127.0.0.1', port, await busOf(port))
  for (let i = 0; i < 3; i++) {
    const [from, to] = [i, i + 1].map((at) => Math.floor((at * SLOTS) / 3)) as [number, number]
    await say(ports[i] as number, 'CLUSTER', 'ADDSLOTSRANGE', from, to - 1)
  }
  const ids = await Promise.all(ports.map((port) => say(port, 'CLUSTER', 'MYID')))
  for (let i = 0; i < 3; i++) {
    const replica = ports[i + 3] as number
    await until(async () => (await say(replica, 'CLUSTER', 'REPLICATE', String(ids[i]))) === 'OK')
  }
  const isWell = async (port: number) =>
    String(await say(port, 'CLUSTER', 'INFO')).includes('cluster_state:ok') &&
    String(await say(port, 'CLUSTER', 'NODES')).match(/slave /g)?.length === 3
  for (const port of ports) await until(() => isWell(port))
  for (const port of ports.slice(3))
    await until(async () => String(await say(port, 'INFO', 'replication')).includes('master_link_status:up'))
  return {
    ports,
    /** Ends the master of the slot that `key` is in. */
    async killMasterOf(key: string) {
      const slot = Number(await say(first, 'CLUSTER', 'KEYSLOT', key))
      await nodes[Math.floor((slot * 3) / SLOTS)]?.stop()
    },
  }
}

/** A real primary, its replica, and a Sentinel that has the replica take over. */
export async function storeSentinel() {
  const primary = await storeServer()
  const replica = await storeServer('--replicaof', '127.0.0.1', `${primary.port}`)
  await until(async () =>
    String(await say(replica.port, 'INFO', 'replication')).includes('master_link_status:up'),
  )
  const sentinel = await sentinelServer()
  const told = (...words: (string | number)[]) => say(sentinel.port, 'SENTINEL', ...words)
  await told('MONITOR', 'panel', '127.0.0.1', primary.port, 1)
  await told('SET', 'panel', 'down-after-milliseconds', 500)
  await told('SET', 'panel', 'failover-timeout', 2_000)
  await until(async () => ((await told('REPLICAS', 'panel')) as unknown[]).length === 1)
  return { port: sentinel.port, name: 'panel', killPrimary: () => primary.stop() }
}
