/**
 * The test runner's own report (JUnit XML), counted. A test file that should be in it and is not counts as a failure:
 * the runner leaves out files that it could not load. Leaves alone running the tests and printing.
 */

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Test files that are not in the report; each is among `failed`. */
  readonly missing: readonly string[];
}

const TEST_CASE = /<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;

/** Counts `report`; `files` are the paths of all test files, written as the runner writes them. */
export function countReport(report: string, files: readonly string[]): Counts {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const reported = new Set<string>();
  for (const [, attributes, outcome = ""] of report.matchAll(TEST_CASE)) {
    const file = /\bfile="([^"]*)"/.exec(attributes)?.[1];
    if (file !== undefined) reported.add(file);
    if (/<(failure|error)\b/.test(outcome)) failed++;
    else if (/<skipped\b/.test(outcome)) skipped++;
    else passed++;
  }
  const missing = files.filter((file) => !reported.has(file));
  return { passed, failed: failed + missing.length, skipped, missing };
}

/** The closing line: `12 passed, 0 failed`, and `, 1 skipped` where any was. */
export function closingLine({ passed, failed, skipped }: Omit<Counts, "missing">): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}
