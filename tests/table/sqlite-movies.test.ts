/** The movies that a SQLite connection keeps beside the table: in memory, however many there are. */
import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteTable } from "../../src/table/sqlite.ts";
import { openSqliteAdmin } from "../../src/table/sqlite-admin.ts";
import { openSqliteReader } from "../../src/table/sqlite-reader.ts";
import { epochOf, identity, row, SOURCE } from "./fixture.ts";

const MOVIES = 100_000;

/** Files that this process has open although their names are gone, as SQLite's temporary ones. */
function deletedFiles(): string[] {
  const links = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // Closed by now.
    }
  });
  return links.filter((link) => link.endsWith(" (deleted)"));
}

// What a process has open, Linux alone tells.
test.skipIf(process.platform !== "linux")("need no temporary file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-movies-"));
  try {
    const path = join(folder, "results.db");
    await openSqliteAdmin(path, SOURCE, "setup").setup();
    const table = openSqliteTable(path, SOURCE, "process, pid 1", Number.POSITIVE_INFINITY);
    await table.lock();
    await table.claim("me", 1, () => identity(0));
    const rows = Array.from({ length: MOVIES }, (_, place) =>
      row(0, place + 1, 1, `A title as long as most: ${place}`),
    );
    const before = deletedFiles();
    await table.apply("me", epochOf(1, rows));
    expect(deletedFiles()).toEqual(before);
    await table.close();
    const reader = openSqliteReader(path);
    expect(await reader.newest(MOVIES + 1)).toEqual(rows);
    await reader.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
