/**
 * The result table, as `process`, `consume-jdbc`, `setup` and `cleanup` need it. Two implementations: SQLite
 * (embedded) and PostgreSQL; `tests/table/contract.ts` is the suite that both must pass.
 *
 * The table `movie_ratings` has exactly the columns of the contract; all else that is kept in the database stands
 * in tables named `tidemark_*`. `tidemark_shards` has one row per (group, topic, partition): the last epoch applied,
 * the ratings offset after it, and the process that claimed the shard. A table belongs to one group and topic.
 */
import type { Epoch, EpochIdentity } from "../epoch.ts";
import type { ResultRow } from "./result-row.ts";

/** Where the table stands for one partition. */
export interface ShardStanding {
  readonly partition: number;
  readonly epoch: EpochIdentity;
  /** Next offset of the ratings topic after that epoch. */
  readonly offset: number;
  /** Id of the process that last claimed the shard. */
  readonly claimant: string;
}

/** The writing side: one per `process`, opened on a table that `setup` made. */
export interface ResultTable {
  /**
   * Takes the database's lock for this process, held until `close` or death; the kernel or the database drops it
   * when the holder dies. Exit 4, naming the owner, while another living process holds it.
   */
  lock(): Promise<void>;

  /** The rows of `tidemark_shards`, by partition. Exit 4 where they belong to another group or topic. */
  standings(): Promise<ShardStanding[]>;

  /**
   * One transaction: locks the shards' rows, calls `judge` for every partition from 0 to `partitions - 1` with what
   * was found, makes a missing row with the standing that `judge` returned (offset 0), and writes `claimant` into
   * all of them. When `judge` throws, nothing is changed and its error comes through.
   */
  claim(
    claimant: string,
    partitions: number,
    judge: (partition: number, found: ShardStanding | undefined) => EpochIdentity,
  ): Promise<void>;

  /**
   * Exit 4 unless all shards are there, claimed by `claimant`: for whoever is about to shut others out elsewhere. As
   * good as the moment at which it is asked.
   */
  checkClaimed(claimant: string): Promise<void>;

  /**
   * One durable transaction: locks the shard's row; finds `claimant` there (else exit 4: another is writing) and,
   * as epoch, `epoch.previous`; sets `epoch.identity` and `epoch.offset` and upserts the rows. Finding
   * `epoch.identity` itself means that an earlier try went through: done, nothing is written again. Any other
   * epoch is exit 4. A full disk is exit 3, with nothing of the epoch in the table; a lost connection is made again,
   * however long that takes, and the epoch tried again. `logged` is for an epoch that is on its way into the
   * checkpoint: work may begin, but nothing is committed before it resolves; where it rejects, nothing is, and its
   * error comes through. May take the rows over then: nobody looks at them afterwards.
   */
  apply(claimant: string, epoch: Epoch, logged?: Promise<void>): Promise<void>;

  /**
   * The start is over: from now on a table that another program locks, or a database that is too slow, is waited for,
   * as a lost connection is. Before, both are exit 3.
   */
  beginWork(): void;

  /**
   * For `--rebuild`: one transaction that removes all result rows and sets every shard's row (partitions 0 to
   * `identities.length - 1`; rows of other partitions go) to `identities[partition]`, offset 0, claimed by `claimant`.
   */
  restart(claimant: string, identities: readonly EpochIdentity[]): Promise<void>;

  close(): Promise<void>;
}

/** The reading side, for `consume-jdbc`: sees committed rows only, beside a running `process`. */
export interface ResultReader {
  /**
   * The newest rows: by window start, newest first, then by movie id ascending as a number; at most `limit`. Also those
   * of somebody else, whose ids need be no numbers: the shorter ones first.
   */
  newest(limit: number): Promise<ResultRow[]>;
  close(): Promise<void>;
}

/** What `cleanup` removed, and what one might expect to go, with why it stays; in words. */
export interface CleanedUp {
  readonly removed: readonly string[];
  readonly kept: readonly string[];
}

/**
 * What `setup` and `cleanup` do to the database. Every method names in its result what it made or removed, for people.
 */
export interface TableAdmin {
  /** Makes what is missing; safe to repeat. A `movie_ratings` of another shape is exit 4, nothing touched. */
  setup(): Promise<string[]>;
  /** What `cleanup` would remove, in words; empty where there is nothing of ours. */
  inventory(): Promise<string[]>;
  /**
   * Takes the lock as `process` does (a living owner: exit 4), then removes what `setup` made. Calls `whenSure` once
   * it is certain that nothing refuses that, and before any of it is gone; nothing goes when that throws.
   */
  cleanup(whenSure?: () => Promise<void>): Promise<CleanedUp>;
}
