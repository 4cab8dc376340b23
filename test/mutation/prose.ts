/**
 * What is not worth a mutant, for Stryker: the wording of errors and descriptions, which no test should hold; and the
 * names inside the chart, which the type checker or XState refuses as soon as one is wrong.
 */

/** As much of a Babel path as is looked at. */
interface Path {
  readonly parentPath: Path | null
  readonly node: {
    readonly callee?: { readonly name?: string; readonly property?: { readonly name?: string } }
  }
  isStringLiteral(): boolean
  isTemplateLiteral(): boolean
  isNewExpression(): boolean
  isCallExpression(): boolean
  findParent(is: (path: Path) => boolean): Path | null
}

/** Functions that throw an error with the words that they get. */
const REFUSALS = ['refuseUnless', 'assertHas']

function shouldIgnore(path: Path): string | undefined {
  if (!path.isStringLiteral() && !path.isTemplateLiteral()) return undefined
  const { parentPath } = path
  if (parentPath?.isNewExpression() || REFUSALS.includes(parentPath?.node.callee?.name ?? ''))
    return 'the wording of an error'
  const isChart = ({ node }: Path) => node.callee?.property?.name === 'createMachine'
  return path.findParent((parent) => parent.isCallExpression() && isChart(parent))
    ? 'a name in the chart'
    : undefined
}

export const prose = { shouldIgnore }

export const strykerPlugins = [{ kind: 'Ignore', name: 'prose', value: prose }]
