/**
 * What the comparison asks of a peer: another engine that does the same job over the same topic, or a tool that only
 * reads or writes it. Each peer is one file here that exports a `Peer`, beside a folder with its own program when it
 * needs one. A peer that this machine cannot hold says why and is left out of the table; one that fails is named there.
 */

/** What every peer is given. Broker, database and files are there already; `folder` is the peer's own and empty. */
export interface Workload {
  readonly brokers: string;
  readonly topic: string;
  readonly ratings: number;
  readonly partitions: number;
  /** The CSV files that the topic was made from. */
  readonly ratingsFolder: string;
  readonly titlesFile: string;
  /** An empty database of the peer's own, and an account that may do all in it. */
  readonly database: {
    readonly host: string;
    readonly port: number;
    readonly name: string;
    readonly user: string;
    readonly password: string;
  };
  readonly folder: string;
  /** The anomaly rule: D days, at least so many ratings, at least such a mean. */
  readonly anomalyDays: number;
  readonly anomalyMinCount: number;
  readonly anomalyMinMean: number;
}

export interface PeerRun {
  /** From the process's start to its end, or to its last record's commit when it has no end of its own. */
  readonly seconds: number;
  /** Of those, what passed before the first record was taken. */
  readonly startSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  /**
   * Its 30-day rows, to be compared with Tidemark's: lines of `window_start,movie_id,count,sum,distinct` (window_start
   * as an ISO date), sorted as `LC_ALL=C sort` does. Undefined for a peer that only reads or writes.
   */
  readonly rows?: readonly string[];
  /** The anomaly lines, sorted alike, of an engine that closes every window in the end; else undefined. */
  readonly anomalies?: readonly string[];
}

export interface Peer {
  /** As the table names it, version included: `Apache Flink 2.2.0`. */
  readonly name: string;
  /** What it does of the job: `both aggregates, exactly once`, `counts only`. */
  readonly does: string;
  /** How it was made fast, in a line or two. */
  readonly tuning: string;
  /** Downloads and builds it, unless that is done. Throws an Error that says what is missing on this machine. */
  prepare(): Promise<void>;
  /** One run over all of the topic. The best of several is shown; only the broker is warmed up, by bare reads. */
  run(workload: Workload): Promise<PeerRun>;
}
