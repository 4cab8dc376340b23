import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type DeclarationReflection, ReflectionKind } from 'typedoc'
import ts from 'typescript'
import { commentsOf, type Reference, type ReferenceModule } from './site/readReference.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
/** What the examples take for granted, and its names. */
const CONTEXT = './exampleContext.ts'
const context = Array.from(
  readFileSync(new URL(CONTEXT, import.meta.url), 'utf8').matchAll(/^export (?:declare )?\w+ (\w+)/gm),
  ([, name = '']) => name,
)

interface Example {
  readonly of: string
  readonly text: string
  readonly module: ReferenceModule
}

/** What is wrong with the examples in the docstrings of public names: functions without one, and those that do not compile. */
export function exampleProblems({ modules }: Reference): string[] {
  const own = modules.flatMap((module) => module.entries.map((entry) => ({ module, entry })))
  const silent = own.filter(({ entry }) => entry.kindOf(ReflectionKind.Function) && !examplesOf(entry).length)
  const examples = own.flatMap(({ module, entry }) =>
    [entry, ...(entry.children ?? [])].flatMap((of) =>
      examplesOf(of).map((text): Example => ({ of: `${module.specifier}: ${of.name}`, text, module })),
    ),
  )
  const sources = new Map(
    examples.map((example, at) => [
      `${root}docs/example-${at}.tsx`,
      { ...example, code: fileOf(example, modules) },
    ]),
  )
  return [
    ...silent.map(({ module, entry }) => `${module.specifier}: ${entry.name} has no @example`),
    ...compiled(sources),
  ]
}

const examplesOf = (of: DeclarationReflection): string[] =>
  commentsOf(of).flatMap((comment) =>
    comment.getTags('@example').map(({ content }) => content.map(({ text }) => text).join('')),
  )

/** An example as the body of a function, with an import for each name that it does not declare: those of its own subpath first. */
function fileOf({ text, module }: Example, modules: readonly ReferenceModule[]): string {
  const code = text.replaceAll(/^```\w*$/gm, '')
  const known = new Map<string, string>()
  for (const { specifier, names } of [module, ...modules])
    for (const name of names) if (!known.has(name)) known.set(name, specifier)
  for (const name of context) if (!known.has(name)) known.set(name, CONTEXT)
  // Not the members of something else, and not in a text.
  const isIn = (name: string) => new RegExp(`(?<![\\w'])(?<!(?:^|[^.])\\.)${name}(?![\\w'])`).test(code)
  const imports = [...known]
    .filter(([name]) => isIn(name))
    .map(([name, specifier]) => `import { ${name} } from '${specifier}'`)
  return [...imports, 'export async function example() {', code, '}'].join('\n')
}

/** What the compiler says of these files, by the project's own settings. */
function compiled(sources: ReadonlyMap<string, Example & { readonly code: string }>): string[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, (path) => readFileSync(path, 'utf8'))
  const settings = { ...config.compilerOptions, verbatimModuleSyntax: false }
  const { options } = ts.convertCompilerOptionsFromJson(settings, root)
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = host
  host.fileExists = (path) => sources.has(path) || fileExists(path)
  host.getSourceFile = (path, target, ...rest) => {
    const source = sources.get(path)
    return source ? ts.createSourceFile(path, source.code, target) : getSourceFile(path, target, ...rest)
  }
  const program = ts.createProgram([...sources.keys()], options, host)
  return [...sources].flatMap(([path, { of }]) => {
    const file = program.getSourceFile(path)
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
    return found.map(
      ({ messageText }) =>
        `The example of ${of} does not compile: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    )
  })
}
