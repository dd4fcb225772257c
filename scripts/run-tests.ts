/**
 * `npm test`: builds the executable, runs the checks (types, lint and format, dead code), then all tests, and closes
 * with `N passed, N failed`, counted from the runner's own report. A check that fails counts as one failure. The exit
 * code is 0 only when nothing failed. The test files share a Kafka broker and a PostgreSQL server, which end with the
 * run. `npm test -- tests/one.test.ts` builds, and runs that file only, which then starts what it needs.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SharedServices } from "../tests/services/shared.ts";
import { closingLine, countReport } from "./junit-report.ts";

const ROOT = join(import.meta.dirname, "..");
const REPORT = "reports/junit.xml";
const PARALLEL = 2;
/** Scenario tests start processes and brokers; a loaded machine needs its time. Only a test that hangs meets it. */
const TEST_TIMEOUT_MS = 180_000;

/** What runs now, and the signal by which we were told to end. */
let running: ChildProcess | undefined;
let ending: NodeJS.Signals | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    ending = signal;
    running?.kill(signal);
  });
}

/** Runs a command in the project's folder, its output being ours; says whether it went well. */
async function run(command: readonly string[], environment: Record<string, string> = {}): Promise<boolean> {
  if (ending !== undefined) return false;
  console.log(`\n$ ${command.join(" ")}`);
  const [program, ...args] = command;
  const child = spawn(program, args, { cwd: ROOT, stdio: "inherit", env: { ...process.env, ...environment } });
  running = child;
  try {
    const [code, signal] = await once(child, "exit");
    if (signal !== null) console.log(`${program} was ended by ${signal}`);
    return code === 0;
  } catch (error) {
    console.log(`${program} could not be run: ${error instanceof Error ? error.message : error}`);
    return false;
  } finally {
    running = undefined;
  }
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
async function runTests(files: readonly string[], environment: Record<string, string> | undefined) {
  rmSync(join(ROOT, REPORT), { force: true });
  mkdirSync(join(ROOT, "reports"), { recursive: true });
  const options = [`--parallel=${PARALLEL}`, `--timeout=${TEST_TIMEOUT_MS}`];
  const reporter = ["--reporter=junit", `--reporter-outfile=${REPORT}`];
  const good = await run(["bun", "test", ...options, ...reporter, ...files], environment);
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
const broken: string[][] = [];
for (const step of steps) if (!(await run(step))) broken.push(step);
const services = asked.length === 0 && ending === undefined ? await SharedServices.start() : undefined;
try {
  const { passed, failed, skipped } = await runTests(files, services?.environment);
  for (const step of broken) console.log(`failed: ${step.join(" ")}`);
  console.log(`\n${closingLine({ passed, failed: failed + broken.length, skipped })}`);
  process.exitCode = failed + broken.length > 0 || passed === 0 ? 1 : 0;
} finally {
  await services?.remove();
}
