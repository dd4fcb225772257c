/**
 * Another `process` for the suites: locks the table in the database that its command line names by URL, claims
 * partition 0 and applies epochs without end, each rewriting the same 500 rows with its number as their rating count.
 * With the word `thread` behind the URL of a SQLite file, its thread writes them, as it does larger epochs.
 * Prints a line for each number applied; when it fails with a user's error, that error's exit code and message.
 */
import { UserError } from "../../src/errors.ts";
import { readSettings } from "../../src/settings/settings.ts";
import { openTable } from "../../src/table/open.ts";
import { openSqliteTable } from "../../src/table/sqlite.ts";
import { createLog } from "../../src/terminal/log.ts";
import { Screen } from "../../src/terminal/screen.ts";
import { epochOf, identity, row, SOURCE } from "./fixture.ts";

const ROWS = 500;

const { database } = readSettings("process", ["--database", process.argv[2]], process.env);
const log = createLog({ level: "warn", screen: new Screen(process.stderr), now: Date.now });
const surroundings = { log, now: Date.now, signal: new AbortController().signal };
const holder = `process, pid ${process.pid}`;
const table =
  process.argv[3] === "thread" && database.kind === "sqlite"
    ? openSqliteTable(database.path, SOURCE, holder, ROWS)
    : await openTable(database, SOURCE, holder, surroundings);
await table.lock();
await table.claim("other", 1, () => identity(0));
try {
  for (let number = 1; ; number++) {
    const rows = Array.from({ length: ROWS }, (_, i) => row(0, i + 1, number));
    await table.apply("other", epochOf(number, rows));
    await new Promise((resolve) => process.stdout.write(`${number}\n`, resolve));
  }
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.log(`exit ${error.exitCode}: ${error.message}`);
}
await table.close();
