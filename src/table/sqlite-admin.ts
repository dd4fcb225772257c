/**
 * What `setup` and `cleanup` do to a SQLite database. Setup makes what is missing, in one transaction, and notes what
 * it made. Cleanup removes that and the run's rows: the whole file, when setup made it and nobody else put anything
 * into it, else its own tables in one transaction. Somebody else's tables are never touched.
 */
import { existsSync, rmSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import deleteRatings from "../../sql/sqlite/delete-ratings.sql" with { type: "text" };
import deleteShards from "../../sql/sqlite/delete-shards.sql" with { type: "text" };
import selectAnyRating from "../../sql/sqlite/select-any-rating.sql" with { type: "text" };
import upsertSetup from "../../sql/sqlite/upsert-setup.sql" with { type: "text" };
import { diskError } from "../disk/durable-file.ts";
import { FileLock } from "../disk/file-lock.ts";
import type { RatingsSource } from "../epoch.ts";
import { UserError } from "../errors.ts";
import {
  type Contents,
  checkShapes,
  listKept,
  listOurs,
  ownerlessRows,
  ownsRatings,
  TABLE_NAMES,
  tidemarkTables,
} from "./contents.ts";
import type { CleanedUp, TableAdmin } from "./contract.ts";
import {
  type Access,
  databasePath,
  fileAt,
  inTransaction,
  isOfDisk,
  lockPath,
  makeDurable,
  openDatabase,
  translated,
} from "./sqlite-database.ts";
import { CREATE_TABLE, type FileContents, readContents, readShards, SCHEMA_VERSION } from "./sqlite-schema.ts";

/**
 * `source`: whose results it has to hold. `holder` names this process to others ("cleanup, pid 12"). The file's folder
 * has to be there.
 */
export function openSqliteAdmin(path: string, source: RatingsSource, holder: string): TableAdmin {
  return {
    setup: async () => setup(databasePath(path), source),
    inventory: async () => inventory(databasePath(path), source),
    cleanup: (whenSure = doNothing) => cleanup(databasePath(path), source, holder, whenSure),
  };
}

function setup(path: string, source: RatingsSource): string[] {
  // An empty file is what a setup that was killed leaves; there is nothing in it that could be anybody's.
  const fileIsMissing = (fileAt(path)?.size ?? 0) === 0;
  return withDatabase(path, "write", (database) => {
    const made = inTransaction(database, path, () => makeMissing(database, path, source, fileIsMissing));
    makeDurable(database, path);
    return made;
  });
}

function makeMissing(database: DatabaseSync, path: string, source: RatingsSource, fileIsMissing: boolean): string[] {
  const contents = readContents(database, path);
  checkShapes(contents, path);
  const missing = TABLE_NAMES.filter((name) => !contents.tables.has(name));
  if (missing.length === 0 && contents.setup !== undefined) {
    readShards(database, path, source);
    return [];
  }
  if (missing.includes("tidemark_shards") && !missing.includes("movie_ratings") && holdsRows(database)) {
    throw ownerlessRows(path);
  }

  const made = fileIsMissing ? [`database file ${path}`] : [];
  for (const name of missing) {
    database.exec(CREATE_TABLE[name]);
    made.push(`table ${name} in ${path}`);
  }
  if (missing.includes("movie_ratings") && !missing.includes("tidemark_shards")) {
    // The rows are gone, so what stood for having written them has to go too: `process` then asks for --rebuild.
    database.exec(deleteShards);
  }
  readShards(database, path, source);
  const madeFile = fileIsMissing || contents.setup?.madeFile === true;
  const madeMovieRatings = missing.includes("movie_ratings") || contents.setup?.madeMovieRatings === true;
  database.prepare(upsertSetup).run(SCHEMA_VERSION, Number(madeFile), Number(madeMovieRatings));
  return made;
}

function inventory(path: string, source: RatingsSource): string[] {
  if (fileAt(path) === undefined) return [];
  return withDatabaseForRemoval(path, "read", (database) => {
    const contents = readContents(database, path);
    // Another's table is refused here, before anything is removed.
    if (contents.sound.has("tidemark_shards")) readShards(database, path, source);
    return listRemoved(contents, path);
  });
}

/** What cleanup removes, in words. */
function listRemoved(contents: FileContents, path: string): string[] {
  return [...listOurs(contents, path), ...(ownsFile(contents) ? [`database file ${path}`] : [])];
}

const doNothing = async () => {};
const NOTHING: CleanedUp = { removed: [], kept: [] };

async function cleanup(
  path: string,
  source: RatingsSource,
  holder: string,
  whenSure: () => Promise<void>,
): Promise<CleanedUp> {
  if (inventory(path, source).length === 0 && !existsSync(lockPath(path))) {
    await whenSure();
    return NOTHING;
  }
  const lock = FileLock.acquire(lockPath(path), `the result table ${path}`, holder);
  try {
    if (fileAt(path) !== undefined) checkRemovable(path, source);
    await whenSure();
    const cleanedUp = fileAt(path) === undefined ? NOTHING : removeOurs(path, source);
    // While the lock is still held: afterwards it could be another's.
    removeFile(lockPath(path));
    return cleanedUp;
  } finally {
    lock.release();
  }
}

/** Ends with the error that `removeOurs` would end with: all that it does is done, except the commit. */
function checkRemovable(path: string, source: RatingsSource): void {
  try {
    withDatabaseForRemoval(path, "write", (database) => {
      // Undone when the database is closed.
      database.exec("BEGIN IMMEDIATE");
      findAndRemoveTables(database, path, source);
    });
  } catch (error) {
    // What goes before the tables makes room for them.
    if (!(error instanceof UserError && isOfDisk(error.cause))) throw error;
  }
}

function findAndRemoveTables(database: DatabaseSync, path: string, source: RatingsSource): FileContents {
  const found = readContents(database, path);
  if (found.sound.has("tidemark_shards")) readShards(database, path, source);
  if (!ownsFile(found)) removeTables(database, found);
  return found;
}

function removeOurs(path: string, source: RatingsSource): CleanedUp {
  const contents = withDatabaseForRemoval(path, "write", (database) =>
    inTransaction(database, path, () => findAndRemoveTables(database, path, source)),
  );
  if (ownsFile(contents)) {
    // At once with all that is in it, which works on a full disk too. First the file: without it the others are void.
    for (const suffix of ["", "-wal", "-shm"]) removeFile(path + suffix);
  }
  const kept = listKept(contents, path);
  const keepsFile = contents.setup?.madeFile === true && !ownsFile(contents);
  if (keepsFile) kept.push(`database file ${path}, which holds what is not Tidemark's`);
  return { removed: listRemoved(contents, path), kept };
}

function removeFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    throw diskError("remove", path, error);
  }
}

function removeTables(database: DatabaseSync, contents: Contents): void {
  if (contents.sound.has("movie_ratings") && contents.setup !== undefined) {
    database.exec(ownsRatings(contents) ? "DROP TABLE movie_ratings" : deleteRatings);
  }
  for (const name of tidemarkTables(contents)) database.exec(`DROP TABLE ${name}`);
}

/** Whether setup made the file and nobody else put anything into it. */
function ownsFile(contents: FileContents): boolean {
  const onlyOurs = !contents.others && (ownsRatings(contents) || !contents.tables.has("movie_ratings"));
  return contents.setup?.madeFile === true && onlyOurs;
}

function holdsRows(database: DatabaseSync): boolean {
  return database.prepare(selectAnyRating).get() !== undefined;
}

/**
 * As `withDatabase`, also on a full disk, which cleanup is to make room on: there the file is opened alone. While
 * another program has it open, SQLite refuses that.
 */
function withDatabaseForRemoval<T>(path: string, access: Access, work: (database: DatabaseSync) => T): T {
  try {
    return withDatabase(path, access, work);
  } catch (error) {
    if (!(error instanceof UserError && isOfDisk(error.cause))) throw error;
    return withDatabase(path, "alone", work);
  }
}

function withDatabase<T>(path: string, access: Access, work: (database: DatabaseSync) => T): T {
  const database = openDatabase(path, access);
  try {
    return translated(path, () => work(database));
  } finally {
    database.close();
  }
}
