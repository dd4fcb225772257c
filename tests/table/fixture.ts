/**
 * What the suites of the result table share: a database to work on, rows and epochs to put there, and the error that
 * an attempt ends with. Stored rows are read back by plain SQL through a client that shares nothing with the code
 * under test.
 */
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Epoch, EpochIdentity, RatingsSource, Row } from "../../src/epoch.ts";
import { RowColumns } from "../../src/row-columns.ts";
import type { ResultReader, ResultTable, TableAdmin } from "../../src/table/contract.ts";
import type { ResultRow } from "../../src/table/result-row.ts";

/** One database of some kind, empty at first. */
export interface TableFixture {
  open(source: RatingsSource, holder: string): ResultTable | Promise<ResultTable>;
  reader(): ResultReader | Promise<ResultReader>;
  admin(source: RatingsSource, holder: string): TableAdmin | Promise<TableAdmin>;
  /** Plain SQL by a client of its own. */
  sql(statement: string): Promise<Record<string, unknown>[]>;
  /** Names of all tables that are there. */
  tables(): Promise<string[]>;
  /** Starts `other-process.ts` on this database, its stdout a pipe. */
  startOther(): ChildProcess;
  remove(): Promise<void>;
}

export const SOURCE: RatingsSource = { group: "ratings-group", topic: "ratings" };
/** Length of a window in seconds. */
export const WINDOW_S = 30 * 86_400;

export function identity(number: number, run = "run-1", owner = "owner-1"): EpochIdentity {
  return { run, owner, number };
}

export function row(windowStart: number, movieId: number, ratingCount: number, title = `Movie ${movieId}`): Row {
  return { windowStart, movieId, title, ratingCount, ratingSum: ratingCount * 3, uniqueRatingCount: ratingCount % 6 };
}

/** `isNew` tells of each row whether the epoch says that none before had it. */
export function epochOf(number: number, rows: readonly Row[], partition = 0, isNew = (_: Row) => false): Epoch {
  const columns = new RowColumns();
  for (const one of rows) columns.push(one, isNew(one));
  const [before, offset] = [identity(number - 1), number * 100];
  return {
    partition,
    identity: identity(number),
    previous: before,
    offset,
    rows: columns,
    anomalies: [],
    rejected: [],
  };
}

/** What `cleanup` is to do once it is sure, where it never may be. */
export async function neverDone(): Promise<void> {
  throw new Error("cleanup has begun to remove");
}

export function inKeyOrder(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => a.windowStart - b.windowStart || a.movieId - b.movieId);
}

/** A database in a test, with everything that was opened on it closed, and the database gone, after `end`. */
export class TestDatabase {
  readonly fixture: TableFixture;
  readonly #ends: (() => Promise<void>)[] = [];

  constructor(fixture: TableFixture) {
    this.fixture = fixture;
  }

  async open(source = SOURCE, holder = "process, pid 1"): Promise<ResultTable> {
    const table = await this.fixture.open(source, holder);
    this.#ends.push(() => table.close());
    return table;
  }

  async admin(source = SOURCE): Promise<TableAdmin> {
    return this.fixture.admin(source, "cleanup, pid 2");
  }

  async setup(): Promise<string[]> {
    return (await this.admin()).setup();
  }

  /** A table that is set up, locked, and claimed by "me" at epoch 0 of every partition. */
  async claimed(partitions = 1): Promise<ResultTable> {
    await this.setup();
    const table = await this.open();
    await table.lock();
    await table.claim("me", partitions, () => identity(0));
    return table;
  }

  /** A table that was used and closed: these rows by epoch 1 of partition 0. */
  async used(rows: readonly Row[]): Promise<void> {
    const table = await this.claimed();
    await table.apply("me", epochOf(1, rows));
    await table.close();
  }

  async newest(limit: number): Promise<ResultRow[]> {
    const reader = await this.fixture.reader();
    try {
      return await reader.newest(limit);
    } finally {
      await reader.close();
    }
  }

  /** All of `movie_ratings`, by plain SQL, in key order. */
  async storedRows(): Promise<Row[]> {
    const stored = await this.fixture.sql("SELECT * FROM movie_ratings");
    return inKeyOrder(
      stored.map((columns) => ({
        windowStart: Number(columns.window_start),
        movieId: Number(columns.movie_id),
        title: String(columns.title),
        ratingCount: Number(columns.rating_count),
        ratingSum: Number(columns.rating_sum),
        uniqueRatingCount: Number(columns.unique_rating_count),
      })),
    );
  }

  startOther(): OtherProcess {
    const other = new OtherProcess(this.fixture.startOther());
    this.#ends.push(() => other.kill());
    return other;
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
    await this.fixture.remove();
  }
}

/** A running `other-process.ts`. */
export class OtherProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;

  constructor(child: ChildProcess) {
    if (child.stdout === null) throw new Error("the child's stdout must be a pipe");
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => child.once("exit", resolve));
  }

  /** Resolves with the first epoch above `number` that the process says it has applied. */
  async appliedAfter(number: number): Promise<number> {
    for (;;) {
      const line = await this.#lines.next();
      if (line.done === true) throw new Error("the other process ended too early");
      if (Number(line.value) > number) return Number(line.value);
    }
  }

  /** All that it still prints until it ends by itself. */
  async rest(): Promise<string[]> {
    const lines: string[] = [];
    for (let line = await this.#lines.next(); line.done !== true; line = await this.#lines.next())
      lines.push(line.value);
    return lines;
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
