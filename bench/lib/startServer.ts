import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

export async function startServer() {
  const worker = new Worker(new URL('./server.ts', import.meta.url))
  const [port] = (await once(worker, 'message')) as [number]
  return { baseUrl: `http://127.0.0.1:${port}`, stop: () => worker.terminate() }
}
