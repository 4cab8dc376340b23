import ts from 'typescript'

/**
 * The titles of the tests of a file and the lines they stand on, counted from 1. Of a table every string of a row is
 * one, since any of them may be what the title is made of. Skipped tests have none: they show nothing.
 */
export function testTitles(fileName: string, text: string): Map<string, number> {
  const source = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true)
  const titles = new Map<string, number>()
  function walk(node: ts.Node): void {
    if (ts.isCallExpression(node)) {
      const { words, rows } = calleeOf(node)
      if (words.includes('skip') || words.includes('todo')) return
      if (words[0] === 'test' || words[0] === 'it')
        for (const found of [node.arguments[0], ...rows]) add(found)
    }
    ts.forEachChild(node, walk)
  }
  function add(node: ts.Node | undefined): void {
    if (!node) return
    if (ts.isStringLiteralLike(node)) {
      titles.set(node.text, source.getLineAndCharacterOfPosition(node.getStart()).line + 1)
    } else if (ts.isArrayLiteralExpression(node)) node.elements.forEach(add)
    else if (ts.isObjectLiteralExpression(node)) {
      for (const property of node.properties) if (ts.isPropertyAssignment(property)) add(property.initializer)
    }
  }
  walk(source)
  return titles
}

/** `test.each([…])` is the words `test` and `each`, and a table. */
function calleeOf(call: ts.CallExpression) {
  const words: string[] = []
  const rows: ts.Node[] = []
  let callee: ts.Node = call.expression
  for (;;) {
    if (ts.isPropertyAccessExpression(callee)) {
      words.unshift(callee.name.text)
      callee = callee.expression
    } else if (ts.isCallExpression(callee)) {
      rows.push(...callee.arguments)
      callee = callee.expression
    } else break
  }
  if (ts.isIdentifier(callee)) words.unshift(callee.text)
  return { words, rows }
}
