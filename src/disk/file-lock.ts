/**
 * A lock on a file that the kernel drops when its holder dies, kill -9 included: an exclusive SQLite transaction on an
 * otherwise empty file (its locks are POSIX file locks, which Node itself does not offer). Beside it is
 * `<path>.owner`, text that names the holder for messages; it decides nothing. Leaves alone who should lock what.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { stateError, systemErrorCode, usageError } from "../errors.ts";

/** All files that the lock at this path may have made. */
export function lockFiles(path: string): string[] {
  return [path, holderPath(path), `${path}-journal`];
}

export class FileLock {
  readonly path: string;
  // Referenced for as long as the lock is: Bun collects a DatabaseSync that nothing refers to, and the lock with it.
  #database: DatabaseSync | undefined;

  private constructor(path: string, database: DatabaseSync) {
    this.path = path;
    this.#database = database;
  }

  /**
   * Takes the lock or fails at once: exit 4, naming the living holder. `what` says what is locked ("the home folder
   * /x"), `holder` who takes it ("process, pid 12, since …").
   */
  static acquire(path: string, what: string, holder: string): FileLock {
    let database: DatabaseSync;
    try {
      database = new DatabaseSync(path);
    } catch (error) {
      throw usageError(
        `cannot open the lock file ${path}: ${message(error)}`,
        "check that the folder is there and writable",
        error,
      );
    }
    try {
      database.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    } catch (error) {
      database.close();
      if (!/locked|busy/i.test(message(error))) {
        throw usageError(
          `cannot lock ${path}: ${message(error)}`,
          "check that the folder is writable and the disk not full",
          error,
        );
      }
      const living = readHolder(path);
      throw stateError(
        `${what} is in use by ${living ?? "another running tidemark"}`,
        "wait until it ends, or stop it; nothing was changed",
      );
    }
    try {
      writeFileSync(holderPath(path), holder);
    } catch {
      // The name decides nothing, and a full disk must not keep `cleanup` from freeing it.
    }
    return new FileLock(path, database);
  }

  /** Gives the lock back; a second call does nothing. */
  release(): void {
    if (this.#database === undefined) return;
    try {
      rmSync(holderPath(this.path), { force: true });
    } catch {
      // The name decides nothing, and may have been made by another user.
    }
    this.#database.close();
    this.#database = undefined;
  }
}

function holderPath(path: string): string {
  return `${path}.owner`;
}

function readHolder(path: string): string | undefined {
  try {
    return readFileSync(holderPath(path), "utf8") || undefined;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
