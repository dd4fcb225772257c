/**
 * Which implementation of the result table a run uses: the one place that chooses, by the database in its settings.
 */
import type { Database } from "../settings/settings.ts";
import type { ResultReader, ResultTable, TableAdmin, TableOwner } from "./contract.ts";
import { openPostgresTable } from "./postgres.ts";
import { openPostgresAdmin } from "./postgres-admin.ts";
import { openPostgresReader } from "./postgres-reader.ts";
import { describePlace, type Surroundings } from "./postgres-session.ts";
import { openSqliteTable } from "./sqlite.ts";
import { openSqliteAdmin } from "./sqlite-admin.ts";
import { openSqliteReader } from "./sqlite-reader.ts";

/** For `process`: see `openSqliteTable` and `openPostgresTable`. `holder` names this process to others. */
export async function openTable(
  database: Database,
  owner: TableOwner,
  holder: string,
  surroundings: Surroundings,
): Promise<ResultTable> {
  return database.kind === "sqlite"
    ? openSqliteTable(database.path, owner, holder)
    : openPostgresTable(database, owner, holder, surroundings);
}

/** For `consume-jdbc`. */
export function openReader(database: Database, surroundings: Surroundings): ResultReader {
  return database.kind === "sqlite" ? openSqliteReader(database.path) : openPostgresReader(database, surroundings);
}

/** For `setup` and `cleanup`. */
export function openAdmin(
  database: Database,
  owner: TableOwner,
  holder: string,
  surroundings: Surroundings,
): TableAdmin {
  return database.kind === "sqlite"
    ? openSqliteAdmin(database.path, owner, holder)
    : openPostgresAdmin(database, owner, holder, surroundings);
}

/** For messages; holds no password. */
export function describeDatabase(database: Database): string {
  return database.kind === "sqlite" ? database.path : describePlace(database);
}
