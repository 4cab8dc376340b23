import { readdirSync, readFileSync } from 'node:fs'
import { dirname, extname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** What a reader is told of one name. */
export interface ApiEntry {
  readonly name: string
  readonly kind: 'function' | 'value' | 'class' | 'type'
  /** Its declaration as TypeScript, without what is inside. */
  readonly signature: string
  /** The docstring, as Markdown. */
  readonly doc: string
  readonly tags: readonly ApiTag[]
  /** Of an interface and of a class. */
  readonly members: readonly ApiMember[]
  /** The subpath that explains the name, where this one only passes it on. */
  readonly home?: string
}

export interface ApiMember {
  readonly name: string
  readonly signature: string
  readonly doc: string
  readonly tags: readonly ApiTag[]
}

export interface ApiTag {
  readonly name: string
  readonly text: string
}

/** One subpath of the package. */
export interface ApiModule {
  /** `index`, `react`, … */
  readonly id: string
  /** As it is imported. */
  readonly specifier: string
  /** The docstring of the list of exports. */
  readonly doc: string
  readonly entries: readonly ApiEntry[]
  /** The list itself, from the root of the repository. */
  readonly source: string
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * The public names of every subpath, read from their declarations. `problems` lists the names, and the members of
 * public interfaces, that nothing is said about, and the subpaths of package.json that lead nowhere.
 */
export function readApi(): { modules: ApiModule[]; problems: string[] } {
  const { name, exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    name: string
    exports: Record<string, string>
  }
  const ids = Object.keys(exports)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => (subpath === '.' ? 'index' : subpath.slice(2)))
  const there = new Set(readdirSync(`${root}src/exports`).map((file) => file.replace(/\.ts$/, '')))
  const problems = [
    ...ids.filter((id) => !there.has(id)).map((id) => `package.json: ./${id} has no src/exports/${id}.ts`),
    ...[...there]
      .filter((id) => !ids.includes(id))
      .map((id) => `src/exports/${id}.ts is not in package.json`),
  ]
  const known = ids.filter((id) => there.has(id))
  const reader = createReader(
    known.map((id) => `${root}src/exports/${id}.ts`),
    problems,
  )
  const homes = new Map<ts.Symbol, string>()
  const lists = new Map(known.map((id) => [id, reader.moduleOf(`${root}src/exports/${id}.ts`)]))
  const open = new Set([...lists.values()].flatMap(({ symbols }) => symbols))
  const modules = known.map((id): ApiModule => {
    const source = `src/exports/${id}.ts`
    const { doc, symbols } = lists.get(id) ?? { doc: '', symbols: [] }
    const specifier = id === 'index' ? name : `${name}/${id}`
    if (!doc) problems.push(`${source} says nothing about itself`)
    const entries = symbols.map((symbol): ApiEntry => {
      const entry = reader.entryOf(symbol, open)
      const home = homes.get(symbol)
      if (home) return { ...entry, home }
      homes.set(symbol, id)
      const silent = [entry, ...entry.members].filter(
        // A literal says itself.
        ({ doc, tags, signature }) => !doc && !tags.length && !signature.includes(' = '),
      )
      for (const { name } of silent)
        problems.push(
          `${specifier}: nothing is said about ${name === entry.name ? name : `${entry.name}.${name}`}`,
        )
      return entry
    })
    return { id, specifier, doc, entries, source }
  })
  return { modules, problems }
}

function createReader(files: readonly string[], problems: string[]) {
  // Our own files alone: what the platform and other packages declare is not told here, and takes long to read.
  const options: ts.CompilerOptions = {
    noLib: true,
    types: [],
    allowImportingTsExtensions: true,
    noEmit: true,
  }
  const host = ts.createCompilerHost(options)
  host.resolveModuleNameLiterals = (literals, from) =>
    literals.map(({ text }) => ({
      resolvedModule: text.startsWith('.')
        ? { resolvedFileName: resolve(dirname(from), text), extension: extname(text) }
        : undefined,
    }))
  const program = ts.createProgram(files, options, host)
  const checker = program.getTypeChecker()

  /** The exports of a file, in the order in which it lists them, and what stands above the list. */
  function moduleOf(file: string) {
    const source = program.getSourceFile(file)
    const symbol = source && checker.getSymbolAtLocation(source)
    if (!source || !symbol) throw new Error(`${file} exports nothing`)
    const symbols = checker.getExportsOfModule(symbol)
    const [comment] = ts.getLeadingCommentRanges(source.text, 0) ?? []
    const doc = comment ? source.text.slice(comment.pos, comment.end) : ''
    return {
      doc: doc
        .replace(/^\/\*\*?\s?|\s*\*\/$/g, '')
        .replace(/^\s*\* ?/gm, '')
        .trim(),
      symbols: symbols.map((of) => (of.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(of) : of)),
    }
  }

  function entryOf(symbol: ts.Symbol, open: ReadonlySet<ts.Symbol>): ApiEntry {
    const declarations = symbol.declarations ?? []
    const [first] = declarations
    if (!first) throw new Error(`${symbol.name} is declared nowhere`)
    const said = { name: symbol.name, ...saidOf(symbol) }
    const isOverload = (of: ts.Declaration) => ts.isFunctionDeclaration(of) && !of.body
    if (ts.isFunctionDeclaration(first)) {
      const shown = declarations.filter((of) => declarations.length === 1 || isOverload(of))
      const signature = shown.map((of) => functionText(of as ts.FunctionDeclaration, symbol.name)).join('\n')
      return { ...said, kind: 'function', signature, members: [] }
    }
    if (ts.isVariableDeclaration(first)) {
      const { initializer } = first
      if (initializer && ts.isArrowFunction(initializer))
        return { ...said, kind: 'function', signature: functionText(initializer, symbol.name), members: [] }
      return { ...said, kind: 'value', signature: `const ${bare(first).split(' = ')[0]}`, members: [] }
    }
    if (ts.isClassDeclaration(first) || ts.isInterfaceDeclaration(first)) {
      const kind = ts.isClassDeclaration(first) ? 'class' : 'type'
      const bases = (first.heritageClauses ?? []).map((clause) => ` ${clause.getText()}`).join('')
      const parameters = typeParametersOf(first)
      const word = ts.isClassDeclaration(first) ? classWord(first) : 'interface'
      const signature = [`${word} ${symbol.name}${parameters}${bases}`, ...hiddenIn(first, open)].join('\n\n')
      return { ...said, kind, signature, members: [...first.members].flatMap(memberOf) }
    }
    const signature = [bare(first), ...hiddenIn(first, open)].join('\n\n')
    return { ...said, kind: 'type', signature, members: [] }
  }

  /** The types of our own that `node` is made of and that nobody can import: told where they are used. */
  function hiddenIn(node: ts.Node, open: ReadonlySet<ts.Symbol>, told = new Set<ts.Symbol>()): string[] {
    const found: string[] = []
    function walk(child: ts.Node): void {
      const name = ts.isTypeReferenceNode(child)
        ? child.typeName
        : ts.isExpressionWithTypeArguments(child)
          ? child.expression
          : undefined
      let symbol = name && checker.getSymbolAtLocation(name)
      if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol)
      const declared = symbol?.declarations?.[0]
      const isType = declared && (ts.isInterfaceDeclaration(declared) || ts.isTypeAliasDeclaration(declared))
      if (symbol && isType && !open.has(symbol) && !told.has(symbol)) {
        told.add(symbol)
        found.push(bare(declared), ...hiddenIn(declared, open, told))
      }
      ts.forEachChild(child, walk)
    }
    walk(node)
    return found
  }

  function saidOf(symbol: ts.Symbol): Pick<ApiEntry, 'doc' | 'tags'> {
    const text = ts.displayPartsToString(symbol.getDocumentationComment(checker))
    // A default at the end of a line is text to the compiler, and a tag to us.
    const [doc = '', inLine] = text.split(/\s*@default /)
    const tags = symbol
      .getJsDocTags(checker)
      .map(({ name, text }) => ({ name, text: ts.displayPartsToString(text).trim() }))
    return { doc, tags: inLine ? [...tags, { name: 'default', text: inLine }] : tags }
  }

  function functionText(of: ts.FunctionDeclaration | ts.ArrowFunction, name: string): string {
    const parameters = of.parameters.map((parameter) => bare(parameter))
    const inOneLine = `(${parameters.join(', ')})`
    const list = inOneLine.length > 80 ? `(\n  ${parameters.join(',\n  ')},\n)` : inOneLine
    if (!of.type) problems.push(`${name} does not write down what it returns`)
    const returns = of.type ? bare(of.type) : '?'
    return `function ${name}${typeParametersOf(of)}${list}: ${returns}`
  }

  function memberOf(of: ts.ClassElement | ts.TypeElement): ApiMember[] {
    const symbol = of.name && checker.getSymbolAtLocation(of.name)
    if (!symbol || isInherited(of)) return []
    return [{ name: symbol.name, signature: bare(of).replace(/[;,]$/, ''), ...saidOf(symbol) }]
  }

  return { moduleOf, entryOf }
}

/** What a class only fixes, or keeps to itself: the literal of a `code` is said by the class. */
function isInherited(of: ts.ClassElement | ts.TypeElement): boolean {
  if (ts.isConstructorDeclaration(of)) return true
  const flags = ts.isPropertyDeclaration(of) ? ts.getCombinedModifierFlags(of) : 0
  return (flags & (ts.ModifierFlags.Override | ts.ModifierFlags.Private)) !== 0
}

const classWord = (of: ts.ClassDeclaration) =>
  ts.getCombinedModifierFlags(of) & ts.ModifierFlags.Abstract ? 'abstract class' : 'class'

const typeParametersOf = (
  of: ts.FunctionDeclaration | ts.ArrowFunction | ts.ClassDeclaration | ts.InterfaceDeclaration,
) => (of.typeParameters ? `<${of.typeParameters.map((parameter) => parameter.getText()).join(', ')}>` : '')

/** A declaration as it is written, its docstring and its place in the file taken off. */
function bare(node: ts.Node): string {
  const source = node.getSourceFile()
  const start = node.getStart()
  const { line } = source.getLineAndCharacterOfPosition(start)
  const first = source.text.split('\n')[line] ?? ''
  const indent = /^\s*/.exec(first)?.[0] ?? ''
  return node
    .getText()
    .replaceAll(`\n${indent}`, '\n')
    .replace(/^export /, '')
    .replace(/^readonly /, '')
}
