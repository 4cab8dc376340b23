import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { CompatData, Identifier, SupportStatement } from '@mdn/browser-compat-data'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))
const compat = createRequire(import.meta.url)('@mdn/browser-compat-data') as CompatData

export const BROWSERS = ['chrome', 'edge', 'firefox', 'safari', 'safari_ios'] as const
export type Versions = Record<(typeof BROWSERS)[number], number>

/** What a page asks of a browser: the feature, and since when each has it. */
export interface Need {
  readonly feature: string
  readonly since: Versions
}

/** `undefined`: nothing is known of it. */
function sinceOf({ support }: NonNullable<Identifier['__compat']>): Versions {
  const versions = BROWSERS.map((browser) => [browser, firstVersion(support[browser])])
  return Object.fromEntries(versions) as Versions
}

/** The first version that has it whole, without a prefix or a flag. */
function firstVersion(support: SupportStatement | undefined): number {
  const all = Array.isArray(support) ? support : support ? [support] : []
  const whole = all.filter((one) => !one.flags && !one.prefix && !one.alternative_name)
  const versions = whole.map(({ version_added: added }) => Number.parseFloat(String(added).replace('≤', '')))
  return Math.min(Infinity, ...versions.filter((version) => !Number.isNaN(version)))
}

const at = (tree: unknown, ...path: string[]): Identifier | undefined =>
  path.reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], tree) as
    | Identifier
    | undefined

const needOf = (feature: string, found: Identifier | undefined): Need | undefined =>
  found?.__compat && { feature, since: sinceOf(found.__compat) }

/** A member of an interface of the platform or the language, as the typings name it. */
function memberNeed(of: string, member: string): Need | undefined {
  const isStatic = of.endsWith('Constructor')
  const name = of.replace(/Constructor$/, '').replace(/^Readonly(?=Array|Map|Set)/, '')
  const found =
    at(compat.javascript.builtins, name, member) ??
    at(compat.api, name, isStatic ? `${member}_static` : member) ??
    at(compat.api, name, `${member}_static`)
  return needOf(`${name}.${member}`, found)
}

const globalNeed = (name: string): Need | undefined =>
  needOf(name, at(compat.javascript.builtins, name) ?? at(compat.api, name) ?? at(compat.api, 'Window', name))

/**
 * The members of the platform that `files` use, by their types. One that is asked for before it is called (`x.y?.()`)
 * is not needed.
 */
export function memberNeeds(files: readonly string[]): Need[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const program = ts.createProgram([...files], options)
  const checker = program.getTypeChecker()
  const needs = new Map<string, Need>()
  const keep = (need: Need | undefined) => need && needs.set(need.feature, need)

  function walk(node: ts.Node): void {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return
    if (isAskedFor(node)) {
      walk(node.expression)
      return
    }
    const name = ts.isPropertyAccessExpression(node) ? node.name : ts.isIdentifier(node) ? node : undefined
    for (const declaration of (name && checker.getSymbolAtLocation(name)?.declarations) ?? []) {
      if (!isOfPlatform(declaration.getSourceFile())) continue
      const parent = declaration.parent
      if (ts.isInterfaceDeclaration(parent)) keep(memberNeed(parent.name.text, name?.text ?? ''))
      else if (ts.isTypeLiteralNode(parent) && ts.isVariableDeclaration(parent.parent))
        keep(memberNeed(`${parent.parent.name.getText()}Constructor`, name?.text ?? ''))
      else keep(globalNeed(name?.text ?? ''))
    }
    ts.forEachChild(node, walk)
  }
  for (const file of files) walk(program.getSourceFile(file) as ts.SourceFile)
  return [...needs.values()]
}

/** Whether a member is looked for, so that nothing is missed where it is missing: `x.y?.()`, `if (x.y)`, `x.y ? … : …`. */
function isAskedFor(node: ts.Node): node is ts.PropertyAccessExpression {
  const { parent } = node
  if (!ts.isPropertyAccessExpression(node)) return false
  if (ts.isCallExpression(parent)) return parent.expression === node && parent.questionDotToken !== undefined
  if (ts.isIfStatement(parent)) return parent.expression === node
  if (ts.isConditionalExpression(parent)) return parent.condition === node
  return ts.isTypeOfExpression(parent) || (ts.isBinaryExpression(parent) && parent.left === node)
}

const isOfPlatform = ({ fileName }: ts.SourceFile) => /\/lib\.[\w.]+\.d\.ts$/.test(fileName)

/** Parts of a regular expression that some browser does not parse. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\(\?<[=!]/, 'lookbehind_assertion'],
  [/\(\?<\w/, 'named_capturing_group'],
  [/\(\?[ims-]+:/, 'modifier'],
  [/\\p\{/i, 'unicode_character_class_escape'],
]

const { operators, statements, classes, builtins, regular_expressions } = compat.javascript

/** What a script asks of the parser, and of the objects that it names itself. */
export function syntaxNeeds(code: string): Need[] {
  const needs = new Map<string, Need>()
  const asked = new Set<string>()
  const keep = (need: Need | undefined) => need && needs.set(need.feature, need)
  const keepAt = (feature: string, tree: unknown, ...path: string[]) =>
    keep(needOf(feature, at(tree, ...path)))

  function walk(node: ts.Node): void {
    if (ts.isRegularExpressionLiteral(node)) {
      for (const [pattern, feature] of PATTERNS)
        if (pattern.test(node.text)) keepAt(feature, regular_expressions, feature)
      const flags = node.text.slice(node.text.lastIndexOf('/') + 1)
      if (flags.includes('v')) keepAt('flag v', builtins, 'RegExp', 'unicodeSets')
      if (flags.includes('d')) keepAt('flag d', builtins, 'RegExp', 'hasIndices')
    }
    if (ts.isBinaryExpression(node)) {
      const kind = node.operatorToken.kind
      if (kind === ts.SyntaxKind.QuestionQuestionToken) keepAt('??', operators, 'nullish_coalescing')
      if (kind === ts.SyntaxKind.QuestionQuestionEqualsToken)
        keepAt('??=', operators, 'nullish_coalescing_assignment')
      if (kind === ts.SyntaxKind.BarBarEqualsToken) keepAt('||=', operators, 'logical_or_assignment')
      if (kind === ts.SyntaxKind.AmpersandAmpersandEqualsToken)
        keepAt('&&=', operators, 'logical_and_assignment')
      if (kind === ts.SyntaxKind.InKeyword && ts.isPrivateIdentifier(node.left))
        keepAt('#x in', classes, 'private_class_fields_in')
    }
    if (ts.isPropertyAccessExpression(node) && node.questionDotToken)
      keepAt('?.', operators, 'optional_chaining')
    if (ts.isPropertyDeclaration(node))
      keepAt(
        ts.isPrivateIdentifier(node.name) ? '#field' : 'field',
        classes,
        ts.isPrivateIdentifier(node.name) ? 'private_class_fields' : 'public_class_fields',
      )
    if (ts.isMethodDeclaration(node) && ts.isPrivateIdentifier(node.name))
      keepAt('#method', classes, 'private_class_methods')
    if (ts.isClassStaticBlockDeclaration(node))
      keepAt('static {}', classes, 'static', 'initialization_blocks')
    if (ts.isForOfStatement(node) && node.awaitModifier) keepAt('for await', statements, 'for_await...of')
    if (ts.isAwaitExpression(node) && !ts.findAncestor(node, ts.isFunctionLike))
      keepAt('top level await', operators, 'await', 'top_level')
    if (ts.isBigIntLiteral(node)) keepAt('BigInt', builtins, 'BigInt')
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const { text } = node.expression
      if (isAskedFor(node)) asked.add(`${text}.${node.name.text}`)
      if (/^[A-Z]/.test(text)) keep(memberNeed(`${text}Constructor`, node.name.text))
    }
    ts.forEachChild(node, walk)
  }
  walk(ts.createSourceFile('page.js', code, ts.ScriptTarget.Latest, true))
  return [...needs.values()].filter(({ feature }) => !asked.has(feature))
}
