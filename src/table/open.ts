/**
 * Which implementation of the result table a run uses: the one place that chooses, by the database in its settings.
 */
import type { Surroundings } from "../command.ts";
import type { RatingsSource } from "../epoch.ts";
import type { Database } from "../settings/settings.ts";
import type { ResultReader, ResultTable, TableAdmin } from "./contract.ts";
import { openPostgresTable } from "./postgres.ts";
import { openPostgresAdmin } from "./postgres-admin.ts";
import { openPostgresReader } from "./postgres-reader.ts";
import { describePlace } from "./postgres-session.ts";
import { openSqliteTable } from "./sqlite.ts";
import { openSqliteAdmin } from "./sqlite-admin.ts";
import { openSqliteReader } from "./sqlite-reader.ts";

/** For `process`: see `openSqliteTable` and `openPostgresTable`. `holder` names this process to others. */
export async function openTable(
  database: Database,
  source: RatingsSource,
  holder: string,
  surroundings: Surroundings,
): Promise<ResultTable> {
  return database.kind === "sqlite"
    ? openSqliteTable(database.path, source, holder)
    : openPostgresTable(database, source, holder, surroundings);
}

/** For `consume-jdbc`. */
export function openReader(database: Database, surroundings: Surroundings): ResultReader {
  return database.kind === "sqlite" ? openSqliteReader(database.path) : openPostgresReader(database, surroundings);
}

/** For `setup` and `cleanup`. */
export function openAdmin(
  database: Database,
  source: RatingsSource,
  holder: string,
  surroundings: Surroundings,
): TableAdmin {
  return database.kind === "sqlite"
    ? openSqliteAdmin(database.path, source, holder)
    : openPostgresAdmin(database, source, holder, surroundings);
}

/** For messages; holds no password. */
export function describeDatabase(database: Database): string {
  return database.kind === "sqlite" ? database.path : describePlace(database);
}
