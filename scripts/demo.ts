/**
 * `npm run demo`: the way of a million made-up ratings, from files to final results and anomalies, by the executable
 * and nothing else. Shows each command before it runs, so that a newcomer learns them. All lies in demo-data, which is
 * made anew each time and stays for a look around; variables of the environment change nothing.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { COMMAND_NAMES } from "../src/settings/row.ts";
import { settingsOf } from "../src/settings/settings.ts";

const FOLDER = "demo-data";
const HOME = join(FOLDER, "home");
const ROWS = 1_000_000;
const ANOMALY_LINES_SHOWN = 10;
const WINDOWS_SHOWN = 15;
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

process.chdir(join(import.meta.dirname, ".."));

/** Our environment without Tidemark's variables: the demo shows what the commands say. */
const ENVIRONMENT: NodeJS.ProcessEnv = { ...process.env };
for (const { variable } of COMMAND_NAMES.flatMap(settingsOf)) {
  delete ENVIRONMENT[variable];
  delete ENVIRONMENT[`${variable}_FILE`];
}

function explain(text: string): void {
  console.log(`\n${text}`);
}

/** Runs a command, shown first; its standard output when `capture` asks for it. Ends the demo if it fails. */
function run(command: readonly string[], capture = false): string {
  console.log(`$ ${command.join(" ")}`);
  const [program, ...args] = command;
  const { status, signal, stdout } = spawnSync(program, args, {
    env: ENVIRONMENT,
    stdio: ["inherit", capture ? "pipe" : "inherit", "inherit"],
    maxBuffer: OUTPUT_BYTES_MAX,
    encoding: "utf8",
  });
  if (status === 0) return stdout ?? "";
  console.error(`demo: ${program} ended with ${signal ?? `exit code ${status}`}`);
  process.exit(1);
}

function tidemark(...args: string[]): void {
  run(["dist/tidemark", ...args, "--home", HOME]);
}

const startMs = performance.now();
rmSync(FOLDER, { recursive: true, force: true });

explain("Build the executable.");
run(["sh", "scripts/build.sh"]);
explain(`Make up ${ROWS.toLocaleString("en-US")} ratings and their titles.`);
run(["bun", "scripts/sample.ts", "--rows", String(ROWS), "--out", join(FOLDER, "data")]);
explain("Make the topics and the table of results. Without Kafka and PostgreSQL they are files in the home.");
tidemark("setup");
explain("Send the rating files to the ratings topic.");
tidemark("produce", "--ratings", join(FOLDER, "data", "ratings"));
explain("Count them: final rows only (mode C), anomalies, and at the end close the windows that are still open.");
tidemark("process", "--mode", "C", "--drain", "--titles", join(FOLDER, "data", "movie_titles.csv"));
explain("The anomalies: window start, window end, title, ratings, mean.");
const lines = run(["dist/tidemark", "consume-kafka", "--once", "--home", HOME], true).split("\n").slice(0, -1);
console.log(lines.slice(0, ANOMALY_LINES_SHOWN).join("\n"));
if (lines.length > ANOMALY_LINES_SHOWN) console.log(`… and ${lines.length - ANOMALY_LINES_SHOWN} more`);
explain("The newest windows of the table of results.");
tidemark("consume-jdbc", "--once", "--limit", String(WINDOWS_SHOWN));
console.log(`\nDone in ${((performance.now() - startMs) / 1000).toFixed(1)} s. All of it lies in ${FOLDER}.`);
