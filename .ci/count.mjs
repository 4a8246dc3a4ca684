// Prints `N passed, N failed, N skipped` from vitest's JSON report (argument 1) and the exit status of `npm test`
// (argument 2). What fails outside of a test (types, lint, a file that does not load) counts as one failure.
import { readFileSync } from 'node:fs'

const [, , file, status] = process.argv
const text = readFileSync(file, 'utf8')
const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = text ? JSON.parse(text) : {}
const failed = numFailedTests === 0 && status !== '0' ? 1 : numFailedTests
console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`)
