/**
 * `npm test`: builds the executable, runs the checks (types, lint and format, dead code), then all tests, and closes
 * with `N passed, N failed`, counted from the runner's own report. A check that fails counts as one failure. The exit
 * code is 0 only when nothing failed. `npm test -- tests/one.test.ts` builds, and runs that file only.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { closingLine, countReport } from "./junit-report.ts";

const ROOT = join(import.meta.dirname, "..");
const REPORT = "reports/junit.xml";
const PARALLEL = 2;
/** Scenario tests start processes; a loaded machine needs its time. */
const TEST_TIMEOUT_MS = 60_000;

/** Runs a command in the project's folder, its output being ours; says whether it went well. */
function run(command: readonly string[]): boolean {
  console.log(`\n$ ${command.join(" ")}`);
  const [program, ...args] = command;
  const { status, signal, error } = spawnSync(program, args, { cwd: ROOT, stdio: "inherit" });
  if (error !== undefined) console.log(`${program} could not be run: ${error.message}`);
  if (signal !== null) console.log(`${program} was ended by ${signal}`);
  return status === 0;
}

/** All test files, as the runner writes their paths. */
function testFiles(): string[] {
  const paths = readdirSync(join(ROOT, "tests"), { recursive: true, encoding: "utf8" });
  return paths
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => join("tests", path))
    .sort();
}

function readReport(): string {
  try {
    return readFileSync(join(ROOT, REPORT), "utf8");
  } catch {
    return "";
  }
}

/** Runs `files`; the counts are of the report, and never say that all is well when the runner does not. */
function runTests(files: readonly string[]): { passed: number; failed: number; skipped: number } {
  rmSync(join(ROOT, REPORT), { force: true });
  mkdirSync(join(ROOT, "reports"), { recursive: true });
  const options = [`--parallel=${PARALLEL}`, `--timeout=${TEST_TIMEOUT_MS}`];
  const good = run(["bun", "test", ...options, "--reporter=junit", `--reporter-outfile=${REPORT}`, ...files]);
  const counts = countReport(readReport(), files);
  for (const file of counts.missing) console.log(`not in the runner's report, so failed: ${file}`);
  if (good || counts.failed > 0) return counts;
  console.log("the runner failed without naming a test");
  return { ...counts, failed: 1 };
}

const asked = process.argv.slice(2);
const files = asked.length > 0 ? asked : testFiles();
const steps = [["sh", "scripts/build.sh"]];
if (asked.length === 0) steps.push(["sh", "scripts/check.sh"]);
const broken = steps.filter((step) => !run(step));
const { passed, failed, skipped } = runTests(files);
for (const step of broken) console.log(`failed: ${step.join(" ")}`);
console.log(`\n${closingLine({ passed, failed: failed + broken.length, skipped })}`);
process.exitCode = failed + broken.length > 0 || passed === 0 ? 1 : 0;
