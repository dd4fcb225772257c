/**
 * The result table in a SQLite file: the reading side, for `consume-jdbc`. Sees committed rows only and never holds up
 * a running `process`, nor is held up by it. Every read opens the file anew, so it neither keeps old pages alive nor
 * goes on reading a file that `cleanup` has removed. Writes nothing.
 */
import selectNewest from "../../sql/sqlite/select-newest.sql" with { type: "text" };
import { checkReadable } from "./contents.ts";
import type { ResultReader } from "./contract.ts";
import { type ResultRow, resultRow } from "./result-row.ts";
import { databasePath, openDatabase, translated } from "./sqlite-database.ts";
import { checkExists, readContents } from "./sqlite-schema.ts";

/** Exit 2 at the first read where `setup` has made no table, exit 4 where it is damaged or of another shape. */
export function openSqliteReader(path: string): ResultReader {
  return {
    newest: async (limit) => readNewest(databasePath(path), limit),
    close: async () => {},
  };
}

function readNewest(path: string, limit: number): ResultRow[] {
  checkExists(path);
  const database = openDatabase(path, "read");
  try {
    checkReadable(readContents(database, path), path);
    return translated(path, () => database.prepare(selectNewest).all(limit)).map(resultRow);
  } finally {
    database.close();
  }
}
