/**
 * The result table in PostgreSQL: the writing side. Every promise of `ResultTable` holds by one transaction each,
 * durable when it returns. One session, kept for the table's life, holds the lock and does the writing. When it is
 * lost, another is made with back-off, the lock taken again, and the work done again from its comparison on: a COMMIT
 * in doubt is settled by what then stands there.
 */
import { setTimeout as sleep } from "node:timers/promises";
import applySmallEpoch from "../../sql/postgres/apply-small-epoch.sql" with { type: "text" };
import copyRatings from "../../sql/postgres/copy-ratings.sql" with { type: "text" };
import deleteRatings from "../../sql/postgres/delete-ratings.sql" with { type: "text" };
import deleteShards from "../../sql/postgres/delete-shards.sql" with { type: "text" };
import lockShards from "../../sql/postgres/lock-shards.sql" with { type: "text" };
import upsertRatings from "../../sql/postgres/upsert-ratings.sql" with { type: "text" };
import upsertShard from "../../sql/postgres/upsert-shard.sql" with { type: "text" };
import type { Surroundings } from "../command.ts";
import type { Epoch, EpochIdentity, RatingsSource } from "../epoch.ts";
import { assert, stateError } from "../errors.ts";
import type { RowColumns } from "../row-columns.ts";
import { checkWritable } from "./contents.ts";
import type { ResultTable, ShardStanding } from "./contract.ts";
import { copyRows } from "./copy-rows.ts";
import { isHeldUp, isReadOnly, isUnreachable, reasonOf, sqlState } from "./postgres-errors.ts";
import { lockDatabase, lockingBackend, tryLock } from "./postgres-lock.ts";
import { readContents, readShards } from "./postgres-schema.ts";
import type { PostgresPlace, PostgresSession } from "./postgres-session.ts";
import { connectPatiently, describePlace, translated } from "./postgres-session.ts";
import { checkClaimed, isApplied } from "./standing.ts";

/** Rows per statement. */
const ROWS_PER_STATEMENT = 5_000;
/** An epoch of up to this many rows is written in one statement, which has four round trips fewer. */
const SMALL_EPOCH_ROWS_MAX = 1_000;
/** Fewer rows than this are upserted instead: a copy has two round trips more. */
const COPY_ROWS_MIN = 100;
/** SQLSTATE of a key that stands there already. */
const UNIQUE_VIOLATION = "23505";
/** Between two looks at a lock that our dead session still holds. */
const LOCK_PAUSE_MS = 250;
/** Between two tries of a statement that was ended for the time it took. */
const HELD_UP_PAUSE_MS = 1_000;
/** Before a server that took no writes is connected to again. */
const READ_ONLY_PAUSE_MS = 2_000;

/**
 * Opens the table that `setup` made for `source`'s results; `holder` names this process to others ("process, pid 12").
 * Exit 3 where the server cannot be had for 30 s, exit 2 where there is no table, exit 4 where it is of another shape.
 */
export function openPostgresTable(
  place: PostgresPlace,
  source: RatingsSource,
  holder: string,
  surroundings: Surroundings,
): Promise<ResultTable> {
  return translated(place, async () => {
    const session = await connectPatiently(place, surroundings);
    try {
      checkWritable(await readContents(session), describePlace(place));
      return new PostgresTable(session, await session.backend(), source, holder, surroundings);
    } catch (error) {
      await session.end();
      throw error;
    }
  });
}

class PostgresTable implements ResultTable {
  readonly #source: RatingsSource;
  readonly #holder: string;
  readonly #surroundings: Surroundings;
  readonly #name: string;
  /** Aborts when the table is closed, which ends a wait for the server. */
  readonly #closing = new AbortController();
  #session: PostgresSession;
  #backend: number;
  #isLocked = false;
  #isAtWork = false;
  #performed: Promise<unknown> = Promise.resolve();
  /** Who we are in the shards' rows, once they are claimed. */
  #claimant: string | undefined;

  constructor(
    session: PostgresSession,
    backend: number,
    source: RatingsSource,
    holder: string,
    surroundings: Surroundings,
  ) {
    this.#session = session;
    this.#backend = backend;
    this.#source = source;
    this.#holder = holder;
    this.#surroundings = surroundings;
    this.#name = describePlace(session.place);
  }

  async lock(): Promise<void> {
    if (this.#isLocked) return;
    await this.#perform(async (session) => {
      await lockDatabase(session, await readContents(session), this.#holder);
      this.#isLocked = true;
      // Again under the lock: a cleanup just before may have removed the tables.
      checkWritable(await readContents(session), this.#name);
    });
  }

  standings(): Promise<ShardStanding[]> {
    return this.#perform((session) => readShards(session, this.#source));
  }

  async claim(
    claimant: string,
    partitions: number,
    judge: (partition: number, found: ShardStanding | undefined) => EpochIdentity,
  ): Promise<void> {
    await this.#write(async (shards) => {
      for (let partition = 0; partition < partitions; partition++) {
        const found = shards.find((shard) => shard.partition === partition);
        const judged = judge(partition, found);
        await this.#setShard({ partition, epoch: found?.epoch ?? judged, offset: found?.offset ?? 0, claimant });
      }
    });
    this.#claimant = claimant;
  }

  async checkClaimed(claimant: string): Promise<void> {
    checkClaimed(await this.standings(), claimant, this.#name);
  }

  async apply(claimant: string, epoch: Epoch, logged?: Promise<void>): Promise<void> {
    if (isSmall(epoch)) {
      await logged;
      if (await this.#applySmall(claimant, epoch)) return;
    }
    await this.#write(async (shards) => {
      if (isApplied(epoch, shards, claimant, this.#name)) return;
      const { partition, identity, offset, rows } = epoch;
      await this.#setShard({ partition, epoch: identity, offset, claimant });
      await this.#copy(rows.which({ areNew: true }));
      await this.#upsert(rows.which({ areNew: false }));
      if (logged !== undefined) await this.#session.stayAwake(logged);
    });
  }

  beginWork(): void {
    this.#isAtWork = true;
  }

  async restart(claimant: string, identities: readonly EpochIdentity[]): Promise<void> {
    await this.#write(async () => {
      await this.#session.queryAtLength(deleteRatings);
      await this.#session.query(deleteShards);
      for (const [partition, epoch] of identities.entries()) {
        await this.#setShard({ partition, epoch, offset: 0, claimant });
      }
    });
    this.#claimant = claimant;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#session.end();
  }

  /** One transaction; `work` is given the shards' rows as they stand in it, locked. */
  async #write(work: (shards: ShardStanding[]) => Promise<void>): Promise<void> {
    assert(this.#isLocked, "the result table is written under its lock only");
    await this.#perform((session) =>
      session.transaction(async () => work(await readShards(session, this.#source, lockShards))),
    );
  }

  /**
   * Does `work`, and all of it again whenever the session is lost meanwhile. One after another: there is one session,
   * and two who regain it would each wait for the lock that the other holds.
   */
  #perform<T>(work: (session: PostgresSession) => Promise<T>): Promise<T> {
    const performed = this.#performed.then(() => this.#performNow(work));
    this.#performed = performed.catch(() => {});
    return performed;
  }

  #performNow<T>(work: (session: PostgresSession) => Promise<T>): Promise<T> {
    return translated(this.#session.place, async () => {
      for (;;) {
        try {
          return await work(this.#session);
        } catch (error) {
          if (this.#closing.signal.aborted) throw error;
          if (isHeldUp(error) && this.#isAtWork) {
            // Each try has waited for as long as a statement may, unless somebody cancelled it.
            this.#surroundings.log.warn(`waiting for the table in ${this.#name}: ${reasonOf(error)}`);
            await sleep(HELD_UP_PAUSE_MS, undefined, { signal: this.#closing.signal });
            continue;
          }
          if (isReadOnly(error) && this.#isAtWork) {
            // In a failover the address may lead to the standby before that is the primary, or to what was that.
            this.#surroundings.log.warn(`waiting for ${this.#name} to take writes: ${reasonOf(error)}`);
            await sleep(READ_ONLY_PAUSE_MS, undefined, { signal: this.#closing.signal });
            await this.#regain();
            continue;
          }
          if (!isUnreachable(error)) throw error;
          this.#surroundings.log.warn(`lost ${this.#name}: ${reasonOf(error)}; connecting again`);
          await this.#regain();
        }
      }
    });
  }

  /** Ends with a new session that holds what the lost one held; exit 4 where another has taken it. */
  async #regain(): Promise<void> {
    void this.#session.end();
    const lost = this.#backend;
    const { signal } = this.#closing;
    for (;;) {
      const { place } = this.#session;
      this.#session = await connectPatiently(place, { ...this.#surroundings, signal }, Number.POSITIVE_INFINITY);
      try {
        this.#backend = await this.#session.backend();
        while (this.#isLocked && !(await tryLock(this.#session))) {
          await this.#checkUntaken(lost);
          await sleep(LOCK_PAUSE_MS, undefined, { signal });
        }
        this.#surroundings.log.info(`connected to ${this.#name} again`);
        return;
      } catch (error) {
        if (!isUnreachable(error)) throw error;
        void this.#session.end();
      }
    }
  }

  /** Returns while the lock can be our dead session's. */
  async #checkUntaken(lostBackend: number): Promise<void> {
    if (this.#claimant === undefined) {
      const backend = await lockingBackend(this.#session);
      if (backend === undefined || backend === lostBackend) return;
      throw stateError(
        `the result table in ${this.#name} was taken by another process while the connection was lost`,
        "start again once the other has ended",
      );
    }
    checkClaimed(await readShards(this.#session, this.#source), this.#claimant, this.#name);
  }

  /** False where the shard's row is not as it must be: the usual way then judges it. */
  async #applySmall(claimant: string, { partition, identity, previous, offset, rows }: Epoch): Promise<boolean> {
    assert(this.#isLocked, "the result table is written under its lock only");
    const { group, topic } = this.#source;
    const to = [identity.run, identity.owner, identity.number, offset];
    const from = [group, topic, partition, claimant, previous.run, previous.owner, previous.number];
    const values = [...to, ...from, ...arraysOf(rows, 0, rows.length)];
    const moved = await this.#perform((session) => session.queryPrepared("apply-small-epoch", applySmallEpoch, values));
    return moved.length > 0;
  }

  async #setShard({ partition, epoch, offset, claimant }: ShardStanding): Promise<void> {
    const { group, topic } = this.#source;
    const values = [group, topic, partition, epoch.run, epoch.owner, epoch.number, offset, claimant];
    await this.#session.queryPrepared("upsert-shard", upsertShard, values);
  }

  /** Copies rows that are new, three times as fast as an upsert; one that someone else put there is no hindrance. */
  async #copy(rows: RowColumns): Promise<void> {
    if (rows.length < COPY_ROWS_MIN) return this.#upsert(rows);
    await this.#session.query("SAVEPOINT copy");
    try {
      await this.#session.copy(copyRatings, copyRows(rows));
    } catch (error) {
      if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
      await this.#session.query("ROLLBACK TO SAVEPOINT copy");
      await this.#upsert(rows);
    }
  }

  /** Rows come window by window: scattered over many, every row would touch a page of its own. */
  async #upsert(rows: RowColumns): Promise<void> {
    for (let first = 0; first < rows.length; first += ROWS_PER_STATEMENT) {
      const end = Math.min(first + ROWS_PER_STATEMENT, rows.length);
      await this.#session.queryPrepared("upsert-ratings", upsertRatings, arraysOf(rows, first, end));
    }
  }
}

/** Whether one statement is the fastest way. */
function isSmall({ rows }: Epoch): boolean {
  return rows.length <= SMALL_EPOCH_ROWS_MAX && rows.which({ areNew: true }).length < COPY_ROWS_MIN;
}

/** The rows from `first` up to `end` as the statements take them, one array per column. */
function arraysOf(rows: RowColumns, first: number, end: number): (string | number)[][] {
  const columns = [rows.windowStart, rows.movieId, rows.title];
  const figures = [rows.ratingCount, rows.ratingSum, rows.uniqueRatingCount];
  // Plain arrays: the client takes a typed one for bytes.
  return [...columns, ...figures].map((column) => Array.from<string | number>(column.slice(first, end)));
}
