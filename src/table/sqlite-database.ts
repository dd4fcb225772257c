/**
 * A SQLite database file: opened, written in transactions, its errors turned into the user's. Promises that a failed
 * transaction leaves nothing behind, and that what is committed survives a power cut. What stands in the tables is for
 * the files beside this one.
 */
import { accessSync, constants, realpathSync, type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { diskError } from "../disk/durable-file.ts";
import { serviceError, stateError, systemErrorCode, usageError } from "../errors.ts";

/** How long a statement waits for another program's write; ours never keep a reader waiting. Blocks the thread. */
export const BUSY_TIMEOUT_MS = 5_000;
/** Pages of the file held in memory at most, 8 MiB: random upserts are far faster than with SQLite's 2 MB. */
const CACHE_KIB_MAX = 8 * 1024;
/** The write-ahead log is folded into the file at about 16 MiB; seldom enough not to be felt. */
const WAL_PAGES_MAX = 4_000;

/**
 * The one path of a file, whatever name it is given: links followed where it exists. Absolute, so that SQLite does not
 * take `:memory:` or `file:…` for something special.
 */
export function databasePath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return resolve(path);
    throw diskError("open", path, error);
  }
}

/** The file whose lock keeps a second writer out. */
export function lockPath(path: string): string {
  return `${path}.lock`;
}

/** What stands at the path; undefined where nothing does. Exit 2 where it is no file. */
export function fileAt(path: string): Stats | undefined {
  let stats: Stats | undefined;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw diskError("open", path, error);
  }
  // SQLite opens a folder for reading, and takes it for a disk that fails.
  if (stats?.isFile() === false) throw cannotOpen(path);
  return stats;
}

/** "alone": as "write", but nobody else can open the file meanwhile, and it needs no room on the disk to be read. */
export type Access = "read" | "write" | "alone";

/** Opens the file, which is made when it is missing, unless only to "read". Exit 2 where it cannot be opened. */
export function openDatabase(path: string, access: Access): DatabaseSync {
  fileAt(path);
  if (access !== "read") checkMayWrite(path);
  return translated(path, () => {
    const database = new DatabaseSync(path, { readOnly: access === "read" });
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    // Then SQLite keeps the index of its write-ahead log in memory, where it makes a file of 32 KiB (-shm) otherwise.
    if (access === "alone") database.exec("PRAGMA locking_mode = EXCLUSIVE");
    return database;
  });
}

/**
 * SQLite opens a file that we may not write for reading, and leaves files beside it that nobody may write: they would
 * be in the way also once this one may be written.
 */
function checkMayWrite(path: string): void {
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "EACCES" || code === "EROFS") throw diskError("write", path, error);
  }
}

/** Readers beside a writer, and durable commits. WAL stays with the file, the rest holds for this connection. */
export function makeDurable(database: DatabaseSync, path: string): void {
  const mode = translated(path, () => database.prepare("PRAGMA journal_mode = WAL").get()?.journal_mode);
  if (mode !== "wal") {
    throw usageError(`SQLite cannot keep a write-ahead log beside ${path}`, "put the database on a local disk");
  }
  database.exec("PRAGMA synchronous = FULL");
  database.exec(`PRAGMA cache_size = -${CACHE_KIB_MAX}`);
  database.exec(`PRAGMA wal_autocheckpoint = ${WAL_PAGES_MAX}`);
}

/** Runs `work` in one transaction that no other writer can get into; whatever it throws undoes it. */
export function inTransaction<T>(database: DatabaseSync, path: string, work: () => T): T {
  return translated(path, () => {
    database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      database.exec("COMMIT");
      return result;
    } catch (error) {
      // A full disk may have undone it already.
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  });
}

/** Runs `work`, with SQLite's errors about the file as the user's; anything else comes through as it is. */
export function translated<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw userErrorOf(error, path) ?? error;
  }
}

// By SQLite's own messages, which never change: Deno gives no error codes, and Bun and Deno word nothing themselves.
function userErrorOf(error: unknown, path: string): Error | undefined {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_SQLITE_ERROR") return undefined;
  const says = (text: string) => error.message.includes(text);
  if (says("is not a database")) {
    return stateError(`${path} is not a SQLite database`, "name another file, or move this one away", error);
  }
  if (says("malformed")) {
    return stateError(
      `the database ${path} is damaged: ${error.message}`,
      "put a sound copy back; or remove the file, then run `tidemark setup` and `tidemark process --rebuild`",
      error,
    );
  }
  if (isOfDisk(error)) {
    return serviceError(
      `cannot write the database ${path}: ${error.message}`,
      "make room on the disk, or mend it, then start again; nothing was written in part",
      error,
    );
  }
  if (says("is locked")) {
    return serviceError(
      `another program has held the database ${path} for more than ${BUSY_TIMEOUT_MS / 1000} s`,
      "end that program, then start again",
      error,
    );
  }
  if (says("constraint failed")) {
    return stateError(
      `the database ${path} does not take what is written: ${error.message}`,
      "remove the key, constraint or index that somebody added, then start again; nothing was written in part",
      error,
    );
  }
  if (says("readonly database")) {
    return usageError(
      `cannot write the database ${path}: it is read-only`,
      "make the file, those that SQLite keeps beside it (-wal, -shm) and their folder writable",
      error,
    );
  }
  return says("unable to open") ? cannotOpen(path, error) : undefined;
}

/** Whether SQLite says so because the disk is full or fails. */
export function isOfDisk(error: unknown): boolean {
  return error instanceof Error && /disk is full|disk I\/O error/.test(error.message);
}

function cannotOpen(path: string, cause?: unknown): Error {
  return usageError(
    `cannot open the database ${path}`,
    "check that it is a file, that its folder is there, and that both may be read and written",
    cause,
  );
}
