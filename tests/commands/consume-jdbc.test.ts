/** consume-jdbc on a SQLite table: once, redrawn, on a terminal, and with a reader that goes away. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandContext } from "../../src/command.ts";
import { consumeJdbc } from "../../src/commands/consume-jdbc.ts";
import { readSettings } from "../../src/settings/settings.ts";
import type { ResultTable } from "../../src/table/contract.ts";
import { openSqliteTable } from "../../src/table/sqlite.ts";
import { openSqliteAdmin } from "../../src/table/sqlite-admin.ts";
import { createLog } from "../../src/terminal/log.ts";
import { Progress } from "../../src/terminal/progress.ts";
import { Screen } from "../../src/terminal/screen.ts";
import { failureOf } from "../failure.ts";
import { epochOf, identity, row, SOURCE } from "../table/fixture.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");
const PROCESS_TEST_MS = 60_000;
const CSV_HEADER = "window_start,movie_id,title,rating_count,rating_sum,unique_rating_count\n";

describe("consume-jdbc", () => {
  let home: string;
  let table: ResultTable;
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "tidemark-consume-jdbc-"));
    const path = join(home, "tidemark.db");
    await openSqliteAdmin(path, SOURCE, "setup").setup();
    table = openSqliteTable(path, SOURCE, "process");
    await table.lock();
    await table.claim("me", 1, () => identity(0));
    await table.apply("me", epochOf(1, [row(0, 9, 1), row(0, 10, 1), row(2_592_000, 7, 1)]));
  });
  afterEach(async () => {
    await table.close();
    rmSync(home, { recursive: true });
  });

  /** What the command writes, write by write; `after` is called with the number of writes there have been. */
  async function draws(args: string[], isTerminal = false, after?: (writes: number) => unknown): Promise<string[]> {
    const stop = new AbortController();
    const screen = new Screen(process.stderr);
    const written: string[] = [];
    const context: CommandContext = {
      settings: readSettings("consume-jdbc", ["--home", home, "--interval", "0.1", ...args], {}),
      stdin: process.stdin,
      stdout: {
        write: async (data) => {
          written.push(Buffer.from(data).toString());
          if ((await after?.(written.length)) === "stop") stop.abort();
        },
      },
      log: createLog({ level: "info", screen, now: Date.now }),
      progress: (noun) => new Progress({ noun, screen, now: Date.now }),
      signal: stop.signal,
      now: Date.now,
      isTerminal,
    };
    await consumeJdbc(context);
    return written;
  }

  test("--once prints the newest windows and ends", async () => {
    expect(await draws(["--once", "--format", "csv"])).toEqual([
      `${CSV_HEADER}1970-01-31,7,Movie 7,1,3,1\n1970-01-01,9,Movie 9,1,3,1\n1970-01-01,10,Movie 10,1,3,1\n`,
    ]);
    expect(await draws(["--once", "--format", "csv", "--limit", "1"])).toEqual([
      `${CSV_HEADER}1970-01-31,7,Movie 7,1,3,1\n`,
    ]);
  });

  test("redraws what has changed, with an empty line between, until it is stopped", async () => {
    const written = await draws(["--format", "csv", "--limit", "1"], false, async (writes) => {
      if (writes === 1) await table.apply("me", epochOf(2, [row(2_592_000, 7, 2)]));
      return writes === 2 ? "stop" : undefined;
    });
    expect(written).toEqual([
      `${CSV_HEADER}1970-01-31,7,Movie 7,1,3,1\n`,
      `\n${CSV_HEADER}1970-01-31,7,Movie 7,2,6,2\n`,
    ]);
  });

  test("clears a terminal before each redraw", async () => {
    const written = await draws([], true, (writes) => (writes === 2 ? "stop" : undefined));
    expect(written).toHaveLength(2);
    for (const text of written) expect(text).toStartWith("\u001b[H\u001b[2Jwindow  ");
  });

  test("says what to do where there is no table", async () => {
    const error = await failureOf(() => draws(["--database", `jdbc:sqlite:${join(home, "other.db")}`]));
    expect(error.exitCode).toBe(2);
    expect(error.hint).toContain("tidemark setup");
  });

  test(
    "ends quietly when its reader has gone",
    async () => {
      const args = [MAIN, "consume-jdbc", "--home", home, "--interval", "0.1"];
      const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
      const ended = new Promise((resolve) => child.once("close", resolve));
      let complaints = "";
      child.stderr.setEncoding("utf8").on("data", (text) => {
        complaints += text;
      });
      child.stdout.once("data", () => child.stdout.destroy());
      expect(await ended).toBe(0);
      expect(complaints).toBe("");
    },
    PROCESS_TEST_MS,
  );
});
