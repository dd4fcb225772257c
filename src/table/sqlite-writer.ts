/**
 * What writes a SQLite result table: an open database and its statements. Every write is one transaction, durable when
 * it returns, and is given the shards' rows as they stand in it. Runs on whichever thread made it, and blocks that.
 * Leaves locks between processes, and who may write, to `sqlite.ts`.
 */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import createMovies from "../../sql/sqlite/create-movies.sql" with { type: "text" };
import upsertMovies from "../../sql/sqlite/upsert-movies.sql" with { type: "text" };
import upsertRatings from "../../sql/sqlite/upsert-ratings.sql" with { type: "text" };
import upsertShard from "../../sql/sqlite/upsert-shard.sql" with { type: "text" };
import type { Epoch, RatingsSource } from "../epoch.ts";
import { release } from "../released.ts";
import type { PackedRows } from "../row-columns.ts";
import { checkWritable } from "./contents.ts";
import type { ShardStanding } from "./contract.ts";
import type { GivenTitles } from "./given-titles.ts";
import { BulkStatement } from "./sqlite-bulk-statement.ts";
import { inTransaction, makeDurable, openDatabase, translated } from "./sqlite-database.ts";
import { checkExists, readContents, readShards } from "./sqlite-schema.ts";
import { isApplied } from "./standing.ts";

/** An id of ten digits and a place below this fit a double's 53 bits. */
const KEY_ROWS = 2 ** 19;

/** What a table takes of an epoch, as plain data, which another thread may be sent. */
export interface TableEpoch extends Pick<Epoch, "partition" | "identity" | "previous" | "offset"> {
  readonly rows: PackedRows;
  /** By movie id: titles that the writer was not given before, or that differ from what it was given last. */
  readonly titles: ReadonlyMap<number, string>;
}

/** The epoch for a writer that was given these titles. Its rows are handed over. */
export function tableEpochOf(epoch: Epoch, given: GivenTitles): TableEpoch {
  const { partition, identity, previous, offset, rows } = epoch;
  const titles = given.newIn(rows);
  return { partition, identity, previous, offset, rows: rows.handOver(), titles };
}

export class SqliteWriter {
  readonly #path: string;
  readonly #source: RatingsSource;
  readonly #database: DatabaseSync;
  readonly #movies: BulkStatement;
  readonly #ratings: BulkStatement;

  /** Exit 2 where `setup` has made nothing, exit 4 where it is damaged, of another shape, or only half there. */
  constructor(path: string, source: RatingsSource) {
    checkExists(path);
    this.#path = path;
    this.#source = source;
    this.#database = openDatabase(path, "write");
    try {
      checkWritable(readContents(this.#database, path), path);
      makeDurable(this.#database, path);
      // Otherwise many movies would need a temporary file.
      this.#database.exec("PRAGMA temp_store = MEMORY");
      this.#database.exec(createMovies);
      this.#movies = new BulkStatement(this.#database, upsertMovies);
      this.#ratings = new BulkStatement(this.#database, upsertRatings);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** The rows of `tidemark_shards`, by partition. */
  shards(): ShardStanding[] {
    return readShards(this.#database, this.#path, this.#source);
  }

  /** One transaction; `work` is given the shards' rows as they stand in it. */
  write(work: (shards: ShardStanding[], database: DatabaseSync) => void): void {
    inTransaction(this.#database, this.#path, () => work(this.shards(), this.#database));
  }

  /** Writes an epoch, unless it is there already. Exit 4 where it is not the next, or the claim is another's. */
  apply(claimant: string, epoch: TableEpoch): void {
    // Outside the transaction: they are kept whatever becomes of it.
    translated(this.#path, () => this.#putTitles(epoch.titles));
    this.write((shards) => {
      if (isApplied(epoch, shards, claimant, this.#path)) return;
      const { partition, identity, offset, rows } = epoch;
      this.setShard({ partition, epoch: identity, offset, claimant });
      this.#upsert(rows);
    });
  }

  /** Within `write`: sets a shard's row. */
  setShard({ partition, epoch, offset, claimant }: ShardStanding): void {
    const { group, topic } = this.#source;
    this.#database
      .prepare(upsertShard)
      .run(group, topic, partition, epoch.run, epoch.owner, epoch.number, offset, claimant);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #putTitles(titles: ReadonlyMap<number, string>): void {
    const movies = [...titles];
    this.#movies.run(movies.length, (values, first, end) => {
      for (let at = first, to = 0; at < end; at++) {
        const [movieId, title] = movies[at];
        values[to++] = movieId;
        values[to++] = String(movieId);
        values[to++] = title;
      }
    });
  }

  #upsert(rows: PackedRows): void {
    const places = inKeyOrder(rows);
    this.#ratings.run(places.length, (values, first, end) => putColumns(values, rows, places.subarray(first, end)));
    release(places);
  }
}

/**
 * Places of rows, which come by window and movie id, in the order of the table's key, where the id is text: neighbours
 * in the tree, written one after the other, cost a third less.
 */
function inKeyOrder({ length, windowStart, movieId }: PackedRows): Uint32Array {
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
function putColumns(values: SQLInputValue[], rows: PackedRows, places: Uint32Array): void {
  const { windowStart, movieId, ratingCount, ratingSum, uniqueRatingCount } = rows;
  for (let at = 0, to = 0; at < places.length; at++) {
    const place = places[at];
    values[to++] = windowStart[place];
    values[to++] = movieId[place];
    values[to++] = ratingCount[place];
    values[to++] = ratingSum[place];
    values[to++] = uniqueRatingCount[place];
  }
}
