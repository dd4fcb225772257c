/**
 * The result table in a SQLite file: the writing side. Every promise of `ResultTable` holds by one transaction each,
 * durable when it returns. The process's lock is a file beside the database, since SQLite's own locks last only as
 * long as a transaction. Readers (`sqlite-reader.ts`) and `setup` (`sqlite-admin.ts`) go their own ways.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import deleteRatings from "../../sql/sqlite/delete-ratings.sql" with { type: "text" };
import deleteShards from "../../sql/sqlite/delete-shards.sql" with { type: "text" };
import upsertRatings from "../../sql/sqlite/upsert-ratings.sql" with { type: "text" };
import upsertShard from "../../sql/sqlite/upsert-shard.sql" with { type: "text" };
import type { Epoch, EpochIdentity } from "../epoch.ts";
import { assert } from "../errors.ts";
import { FileLock } from "../file-lock.ts";
import { release } from "../released.ts";
import type { RowColumns } from "../row-columns.ts";
import { checkWritable } from "./contents.ts";
import type { ResultTable, ShardStanding, TableOwner } from "./contract.ts";
import { databasePath, inTransaction, lockPath, makeDurable, openDatabase } from "./sqlite-database.ts";
import { checkExists, readContents, readShards } from "./sqlite-schema.ts";
import { checkClaimed, isApplied } from "./standing.ts";

/** Rows per statement: from some 50 on, upserts are twice as fast as row by row; more gains nothing. */
const ROWS_PER_STATEMENT = 100;
const ROW_PLACEHOLDERS = "(?, ?, ?, ?, ?, ?)";
const COLUMNS = 6;
/** An id of ten digits and a place below this fit a double's 53 bits. */
const KEY_ROWS = 2 ** 19;

/**
 * Opens the table that `setup` made for `owner`'s results; `holder` names this process to others ("process, pid 12").
 * Exit 2 where there is none, exit 4 where it is damaged, of another shape, or only half there.
 */
export function openSqliteTable(path: string, owner: TableOwner, holder: string): ResultTable {
  return new SqliteTable(databasePath(path), owner, holder);
}

class SqliteTable implements ResultTable {
  readonly #path: string;
  readonly #owner: TableOwner;
  readonly #holder: string;
  #database: DatabaseSync;
  #lock: FileLock | undefined;
  #upsertMany: StatementSync | undefined;
  #upsertOne: StatementSync | undefined;

  constructor(path: string, owner: TableOwner, holder: string) {
    this.#path = path;
    this.#owner = owner;
    this.#holder = holder;
    this.#database = openChecked(path);
  }

  async lock(): Promise<void> {
    if (this.#lock !== undefined) return;
    this.#lock = FileLock.acquire(lockPath(this.#path), `the result table ${this.#path}`, this.#holder);
    // Opened anew under the lock: a cleanup just before may have removed the file, and what is written would be lost.
    this.#database.close();
    this.#database = openChecked(this.#path);
  }

  async standings(): Promise<ShardStanding[]> {
    return readShards(this.#database, this.#path, this.#owner);
  }

  async claim(
    claimant: string,
    partitions: number,
    judge: (partition: number, found: ShardStanding | undefined) => EpochIdentity,
  ): Promise<void> {
    this.#write((shards) => {
      for (let partition = 0; partition < partitions; partition++) {
        const found = shards.find((shard) => shard.partition === partition);
        const judged = judge(partition, found);
        const epoch = found?.epoch ?? judged;
        this.#setShard({ partition, epoch, offset: found?.offset ?? 0, claimant });
      }
    });
  }

  async checkClaimed(claimant: string): Promise<void> {
    checkClaimed(await this.standings(), claimant, this.#path);
  }

  async apply(claimant: string, epoch: Epoch): Promise<void> {
    this.#write((shards) => {
      if (isApplied(epoch, shards, claimant, this.#path)) return;
      const { partition, identity, offset, rows } = epoch;
      this.#setShard({ partition, epoch: identity, offset, claimant });
      this.#upsert(rows);
    });
  }

  /** Another program's write is waited for, up to 5 s, at any time: more would block signals, too. */
  beginWork(): void {}

  async restart(claimant: string, identities: readonly EpochIdentity[]): Promise<void> {
    this.#write(() => {
      this.#database.exec(deleteRatings);
      this.#database.exec(deleteShards);
      for (const [partition, epoch] of identities.entries()) this.#setShard({ partition, epoch, offset: 0, claimant });
    });
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
    this.#lock?.release();
    this.#lock = undefined;
  }

  /** One transaction; `work` is given the shards' rows as they stand in it. */
  #write(work: (shards: ShardStanding[]) => void): void {
    assert(this.#lock !== undefined, "the result table is written under its lock only");
    inTransaction(this.#database, this.#path, () => work(readShards(this.#database, this.#path, this.#owner)));
  }

  #setShard({ partition, epoch, offset, claimant }: ShardStanding): void {
    const { group, topic } = this.#owner;
    this.#database
      .prepare(upsertShard)
      .run(group, topic, partition, epoch.run, epoch.owner, epoch.number, offset, claimant);
  }

  #upsert(rows: RowColumns): void {
    this.#upsertMany ??= this.#database.prepare(
      upsertRatings.replace(ROW_PLACEHOLDERS, Array(ROWS_PER_STATEMENT).fill(ROW_PLACEHOLDERS).join(", ")),
    );
    this.#upsertOne ??= this.#database.prepare(upsertRatings);
    const places = inKeyOrder(rows);
    const values: SQLInputValue[] = new Array(ROWS_PER_STATEMENT * COLUMNS);
    const wholeStatements = places.length - (places.length % ROWS_PER_STATEMENT);
    for (let first = 0; first < wholeStatements; first += ROWS_PER_STATEMENT) {
      putColumns(values, rows, places.subarray(first, first + ROWS_PER_STATEMENT));
      this.#upsertMany.run(...values);
    }
    values.length = COLUMNS;
    for (let at = wholeStatements; at < places.length; at++) {
      putColumns(values, rows, places.subarray(at, at + 1));
      this.#upsertOne.run(...values);
    }
    release(places);
  }
}

/**
 * Places of rows, which come by window and movie id, in the order of the table's key, where the id is text: neighbours
 * in the tree, written one after the other, cost a third less.
 */
function inKeyOrder({ length, windowStart, movieId }: RowColumns): Uint32Array {
  const places = new Uint32Array(length);
  for (let first = 0; first < length; ) {
    let end = first + 1;
    while (end < length && end - first < KEY_ROWS && windowStart[end] === windowStart[first]) end++;
    // One number per row, its place behind its id in text order, for numbers sort faster than by a comparing function.
    const keys = new Float64Array(end - first);
    for (let at = 0; at < keys.length; at++) keys[at] = textOrder(movieId[first + at]) * KEY_ROWS + at;
    keys.sort();
    for (let at = 0; at < keys.length; at++) places[first + at] = first + (keys[at] % KEY_ROWS);
    release(keys);
    first = end;
  }
  return places;
}

/** This sorts ids as their text does, except those that differ in trailing zeros: there the shorter came before. */
function textOrder(movieId: number): number {
  let aligned = movieId;
  while (aligned < 10 ** 9) aligned *= 10;
  return aligned;
}

/** Puts there the columns of the rows at these places, in the order of the statement. */
function putColumns(values: SQLInputValue[], rows: RowColumns, places: Uint32Array): void {
  const { windowStart, movieId, title, ratingCount, ratingSum, uniqueRatingCount } = rows;
  for (let i = 0; i < places.length; i++) {
    const place = places[i];
    const at = i * COLUMNS;
    values[at] = windowStart[place];
    values[at + 1] = String(movieId[place]);
    values[at + 2] = title[place];
    values[at + 3] = ratingCount[place];
    values[at + 4] = ratingSum[place];
    values[at + 5] = uniqueRatingCount[place];
  }
}

function openChecked(path: string): DatabaseSync {
  checkExists(path);
  const database = openDatabase(path, "write");
  try {
    checkWritable(readContents(database, path), path);
    makeDurable(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
