import type { ServerResponse } from 'node:http'
import { startLimits } from '../base/bodyLimits.ts'
import { type NodeBody, trailersOf } from '../platform/nodeBody.ts'
import { isGone } from './goneController.ts'

/**
 * Writes a body into `outgoing`, after its head, at the pace of the reader. If the body breaks off, the connection
 * breaks too, because a body that ends would look complete.
 */
export function pump(body: NodeBody, outgoing: ServerResponse): void {
  // Either side may have broken off meanwhile, and reports it once.
  if (isGone(outgoing)) return void body.source.destroy()
  if (body.source.destroyed) return void outgoing.destroy()
  const { complete = false } = body.source as { readonly complete?: boolean }
  if (complete) writeWhole(body, outgoing)
  else flow(body, outgoing)
}

/** The whole body is here already: there is nothing to wait for, and nothing can break off. */
function writeWhole({ source, trailers }: NodeBody, outgoing: ServerResponse): void {
  source.on('error', () => {})
  const bytes = source.read() as Uint8Array | null
  const last = trailersOf(source, trailers)
  if (last.length > 0) outgoing.addTrailers(last)
  if (bytes === null) outgoing.end()
  else outgoing.end(bytes)
}

function flow({ source, limits, trailers }: NodeBody, outgoing: ServerResponse): void {
  const breakOff = (why?: Error) => source.destroy(why)
  const running = limits && startLimits(limits, breakOff)

  source.on('data', (chunk: Uint8Array) => {
    running?.came()
    if (outgoing.write(chunk)) running?.waits()
    else source.pause()
  })
  outgoing.on('drain', () => {
    running?.waits()
    source.resume()
  })
  source.once('end', () => {
    const last = trailersOf(source, trailers)
    if (last.length > 0) outgoing.addTrailers(last)
    outgoing.end()
  })
  source.on('error', () => {})
  source.once('close', () => {
    running?.ends()
    if (!source.readableEnded) outgoing.destroy()
  })
  outgoing.once('close', () => breakOff())
  running?.waits()
  // A silent stream must still send its head, because the client waits for it.
  if (source.readableLength === 0) outgoing.flushHeaders()
}
