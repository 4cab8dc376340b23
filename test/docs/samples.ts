import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What a sample names and a test has in its place: each must be in it. */
export type Replacements = Readonly<Record<string, string>>

/**
 * The code of a page's one sample that contains `part`, as a file that can be imported or started, until its test has
 * finished. `exported` are names of the sample that its test wants to have.
 */
export async function sampleFile(
  page: string,
  part: string,
  replacements: Replacements = {},
  exported: readonly string[] = [],
): Promise<string> {
  const text = await readFile(`${root}${page}`, 'utf8')
  const blocks = [...text.matchAll(/^```(tsx?)\n(.*?)^```$/gms)].filter(([, , code = '']) =>
    code.includes(part),
  )
  const [[, info = '', sample = ''] = [], ...others] = blocks
  if (!sample || others.length > 0) throw new Error(`${page} has ${blocks.length} samples with ${part}.`)
  let code = sample
  for (const [from, to] of Object.entries(replacements)) {
    if (!code.includes(from)) throw new Error(`The sample with ${part} of ${page} has no ${from}.`)
    code = code.replaceAll(from, to)
  }
  const folder = await mkdtemp(`${root}test/docs/.samples-`)
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = `${folder}/sample.${info}`
  await writeFile(file, exported.length > 0 ? `${code}\nexport { ${exported.join(', ')} }\n` : code)
  return file
}

/** Runs a sample in this process; its exports. */
export async function runSample<T extends object>(...args: Parameters<typeof sampleFile>): Promise<T> {
  return (await import(await sampleFile(...args))) as T
}
