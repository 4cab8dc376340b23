import type { Reporter, TestModule } from 'vitest/node'

/**
 * Ends a run with `N passed, N failed, N skipped`, alone on the very last line: also after the coverage
 * summary, which is why it is printed when the process exits.
 */
export function closingLine(): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const count = { passed: 0, failed: 0, skipped: 0 }
      for (const module of modules) {
        for (const test of module.children.allTests()) {
          const { state } = test.result()
          count[state === 'pending' ? 'skipped' : state] += 1
        }
        count.failed += failuresOutsideTests(module)
      }
      count.failed += unhandledErrors.length
      process.once('exit', () => {
        process.stdout.write(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`)
      })
    },
  }
}

/** A file that does not load and a hook that throws have no test to fail. */
function failuresOutsideTests(module: TestModule): number {
  let failures = module.errors().length
  for (const suite of module.children.allSuites()) failures += suite.errors().length
  return failures
}
