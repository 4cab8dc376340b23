import { NavigationRoute, registerRoute } from 'workbox-routing'

/**
 * A service worker as `vite-plugin-pwa` makes one: it answers every navigation with the shell of the application, but for
 * those that `?deny=` names.
 */
const worker = globalThis as unknown as {
  skipWaiting(): Promise<void>
  clients: { claim(): Promise<void> }
  addEventListener(type: string, hear: (event: { waitUntil(task: Promise<unknown>): void }) => void): void
}
const SHELL = '/index.html'
const denied: string[] = JSON.parse(new URL(location.href).searchParams.get('deny') ?? '[]')
const denylist = denied.map((source) => new RegExp(source))

async function install() {
  const cache = await caches.open('shell')
  await cache.add(SHELL)
  await worker.skipWaiting()
}

worker.addEventListener('install', (event) => event.waitUntil(install()))
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()))
registerRoute(new NavigationRoute(async () => (await caches.match(SHELL)) ?? Response.error(), { denylist }))
