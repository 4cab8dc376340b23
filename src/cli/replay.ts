import { readFile, stat, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { type Replay, replayTrace } from '../replay/replayTrace.ts'
import { divergenceInWords, stepInWords } from './replayWords.ts'

/** A recorder writes a few kB, and even with its largest limits less than this. */
const MAX_FILE_BYTES = 4_000_000

/** Plays a trace on the chart. */
export const replay = {
  usage: 'trace.json [--fixture file]',
  about: 'Plays a trace of createRecorder on the chart, step by step; --fixture writes it for a test.',
  async run(args: readonly string[]): Promise<number> {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { fixture: { type: 'string' } },
    })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0) throw new Error(`usage: xstate-session replay ${replay.usage}`)
    const played = await play(file)
    tell(file, played)
    if (values.fixture !== undefined) {
      await writeFile(values.fixture, `${JSON.stringify(played.trace, undefined, 2)}\n`)
      console.log(`\nThe fixture is in ${values.fixture}: it has the states that the chart comes to now.`)
    }
    return played.divergence ? 1 : 0
  },
}

async function play(file: string): Promise<Replay> {
  const trace = await readJson(file)
  try {
    return replayTrace(trace)
  } catch (error) {
    throw error instanceof TypeError ? new Error(`${file}: ${error.message}`) : error
  }
}

async function readJson(file: string): Promise<unknown> {
  const { size } = await stat(file).catch(() => {
    throw new Error(`${file}: cannot be read.`)
  })
  if (size > MAX_FILE_BYTES)
    throw new Error(`${file}: has ${size} bytes, and no trace has more than ${MAX_FILE_BYTES}.`)
  const text = await readFile(file, 'utf8')
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${file}: is no JSON.`)
  }
}

function tell(file: string, { steps, divergence, trace }: Replay): void {
  const { dropped } = trace
  console.log(
    `${file}: ${trace.entries.length} entries${dropped > 0 ? `, after ${dropped} that were dropped` : ''}.\n`,
  )
  for (const step of steps) console.log(stepInWords(step))
  console.log(`\n${divergence ? divergenceInWords(divergence) : 'Trace and chart agree.'}`)
}
