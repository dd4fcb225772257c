/**
 * The result table in a SQLite file: the writing side. The process's lock is a file beside the database, since SQLite's
 * own locks last only as long as a transaction. SQLite works on the thread that calls it, a microsecond a row: so from
 * the first large epoch on, a thread of its own writes them, and the ratings are read on meanwhile. Readers
 * (`sqlite-reader.ts`) and `setup` (`sqlite-admin.ts`) go their own ways.
 */
import deleteRatings from "../../sql/sqlite/delete-ratings.sql" with { type: "text" };
import deleteShards from "../../sql/sqlite/delete-shards.sql" with { type: "text" };
import { FileLock } from "../disk/file-lock.ts";
import type { Epoch, EpochIdentity, RatingsSource } from "../epoch.ts";
import { assert } from "../errors.ts";
import type { ResultTable, ShardStanding } from "./contract.ts";
import { GivenTitles } from "./given-titles.ts";
import { databasePath, lockPath } from "./sqlite-database.ts";
import { SqliteThread } from "./sqlite-thread.ts";
import { SqliteWriter, tableEpochOf } from "./sqlite-writer.ts";
import { checkClaimed } from "./standing.ts";

/** An epoch of so many rows begins the thread, which takes 15 MB and 50 ms: not for a few rows now and then. */
const THREAD_ROWS_MIN = 5000;

/**
 * Opens the table that `setup` made for `source`'s results; `holder` names this process to others ("process, pid 12").
 * Exit 2 where there is none, exit 4 where it is damaged, of another shape, or only half there. An epoch of
 * `threadRowsMin` rows begins the thread.
 */
export function openSqliteTable(
  path: string,
  source: RatingsSource,
  holder: string,
  threadRowsMin = THREAD_ROWS_MIN,
): ResultTable {
  return new SqliteTable(databasePath(path), source, holder, threadRowsMin);
}

class SqliteTable implements ResultTable {
  readonly #path: string;
  readonly #source: RatingsSource;
  readonly #holder: string;
  readonly #threadRowsMin: number;
  #writer: SqliteWriter;
  #lock: FileLock | undefined;
  #thread: SqliteThread | undefined;
  /** What the writer was given; the thread has its own. */
  readonly #titles = new GivenTitles();

  constructor(path: string, source: RatingsSource, holder: string, threadRowsMin: number) {
    this.#path = path;
    this.#source = source;
    this.#holder = holder;
    this.#threadRowsMin = threadRowsMin;
    this.#writer = new SqliteWriter(path, source);
  }

  async lock(): Promise<void> {
    if (this.#lock !== undefined) return;
    this.#lock = FileLock.acquire(lockPath(this.#path), `the result table ${this.#path}`, this.#holder);
    // Opened anew under the lock: a cleanup just before may have removed the file, and what is written would be lost.
    this.#writer.close();
    this.#writer = new SqliteWriter(this.#path, this.#source);
  }

  async standings(): Promise<ShardStanding[]> {
    return this.#writer.shards();
  }

  async claim(
    claimant: string,
    partitions: number,
    judge: (partition: number, found: ShardStanding | undefined) => EpochIdentity,
  ): Promise<void> {
    this.#checkLocked();
    this.#writer.write((shards) => {
      for (let partition = 0; partition < partitions; partition++) {
        const found = shards.find((shard) => shard.partition === partition);
        const judged = judge(partition, found);
        const epoch = found?.epoch ?? judged;
        this.#writer.setShard({ partition, epoch, offset: found?.offset ?? 0, claimant });
      }
    });
  }

  async checkClaimed(claimant: string): Promise<void> {
    checkClaimed(await this.standings(), claimant, this.#path);
  }

  async apply(claimant: string, epoch: Epoch, logged?: Promise<void>): Promise<void> {
    this.#checkLocked();
    await logged;
    if (epoch.rows.length >= this.#threadRowsMin) this.#thread ??= new SqliteThread(this.#path, this.#source);
    // Once there is the thread, it gets the small ones too: epochs are written in order.
    if (this.#thread !== undefined) return this.#thread.apply(claimant, epoch);
    this.#writer.apply(claimant, tableEpochOf(epoch, this.#titles));
  }

  /** Another program's write is waited for, up to 5 s, at any time: more would block signals, too. */
  beginWork(): void {}

  async restart(claimant: string, identities: readonly EpochIdentity[]): Promise<void> {
    this.#checkLocked();
    this.#writer.write((_, database) => {
      database.exec(deleteRatings);
      database.exec(deleteShards);
      for (const [partition, epoch] of identities.entries()) {
        this.#writer.setShard({ partition, epoch, offset: 0, claimant });
      }
    });
  }

  async close(): Promise<void> {
    try {
      await this.#thread?.close();
    } finally {
      this.#thread = undefined;
      this.#writer.close();
      this.#lock?.release();
      this.#lock = undefined;
    }
  }

  #checkLocked(): void {
    assert(this.#lock !== undefined, "the result table is written under its lock only");
  }
}
