import { readdir, readFile } from 'node:fs/promises'

/** What `folder` holds, by the path that asks for it. */
export async function filesOf(folder: string): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`)
  return new Map(
    await Promise.all(
      paths.map(async (path) => [path.slice(folder.length), new Uint8Array(await readFile(path))] as const),
    ),
  )
}
