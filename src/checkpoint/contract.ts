/**
 * The checkpoint, as `process` needs it: one log of epochs per shard, kept together as a run. One implementation:
 * files (`files.ts`, `shard-log-file.ts`). What a log holds is exactly what a restart needs: the state as it was after
 * the last epoch, and the outputs of every epoch that a side may still lack, byte for byte.
 */
import type { ByteReader } from "../byte-stream.ts";
import type { Epoch, EpochIdentity } from "../epoch.ts";
import type { Movies } from "../shard/movies.ts";
import type { OutputEnds } from "../topic/contract.ts";

/** The settings that a checkpoint was made with and that cannot change under it. */
export interface CheckpointSettings {
  readonly mode: "A" | "C";
  readonly anomalyDays: number;
  readonly group: string;
  readonly topic: string;
  readonly anomalyTopic: string;
  readonly rejectedTopic: string;
  readonly partitions: number;
}

/** What a run that was made by `--rebuild` must know of the run that it replaces, for one partition. */
export interface Replaced {
  /** Where the table stood; undefined where it had no row for the shard. */
  readonly tableEpoch: EpochIdentity | undefined;
  /** Where the outputs said that they stood (Kafka: the group's committed offset); undefined where nothing says so. */
  readonly outputsEpoch: EpochIdentity | undefined;
  /** Ends of the output topics then: what lies before was put out by earlier runs. */
  readonly ends: OutputEnds;
  /**
   * The newest window end among those anomalies, and the highest offset among those rejected lines; -Infinity for
   * none.
   */
  readonly endDayMax: number;
  readonly offsetMax: number;
}

/** The shard's state, as bytes, after an epoch. `Shard` writes and reads them. */
export interface StateTaker {
  readonly movies: Movies;
  restore(state: ByteReader): void;
}

/** An epoch as it enters the log. */
export interface LogEntry {
  readonly epoch: Epoch;
  /** The state that changed, or the whole state when `whole`; in pieces. */
  readonly state: readonly Uint8Array[];
  readonly whole: boolean;
}

/** The log of one shard's epochs. */
export interface ShardLog {
  readonly partition: number;
  /** The newest epoch in the log. */
  readonly last: EpochIdentity;
  /** The newest epoch noted as confirmed by both sides; the base's where none was since. */
  readonly confirmed: EpochIdentity;
  /** Ends of the output topics past which the outputs of all epochs after `confirmed` lie. */
  readonly ends: OutputEnds;
  readonly replaced: Replaced | undefined;
  /** The next entry should carry the whole state: the log has outgrown it. */
  readonly wantsWhole: boolean;
  /** Bytes written since the log was opened. */
  readonly bytesWritten: number;

  /** Whether a side may stand at this epoch: it is in the log, or the one that the base starts from. */
  holds(epoch: EpochIdentity): boolean;

  /** Brings an empty shard to the state after `last`, and returns the epochs after `from`, in order. Once, at start. */
  replay(shard: StateTaker, from: EpochIdentity): Epoch[];

  /** Durable when it resolves. In order: one at a time. */
  append(entry: LogEntry, movies: Movies): Promise<void>;

  /** Notes that both sides have this epoch. Durable with the next `append`: until then a start asks the sides. */
  confirm(epoch: EpochIdentity, ends: OutputEnds): Promise<void>;

  close(): Promise<void>;
}

/** Where runs are kept: at most one is current. */
export interface CheckpointStore {
  /** Takes the lock, held until `close` or death. Exit 4, naming the owner, while another living process holds it. */
  lock(): Promise<void>;

  /** The current run's logs, by partition; undefined where there is none. Damage, or other settings, is exit 4. */
  load(settings: CheckpointSettings): Promise<ShardLog[] | undefined>;

  /**
   * Makes a new run, a log for each partition, whose epoch 0 is `run`'s with this state; it replaces the current run in
   * one rename. `ends` are those of the output topics now.
   */
  begin(
    settings: CheckpointSettings,
    run: string,
    owner: string,
    state: readonly Uint8Array[],
    ends: OutputEnds,
    replaced: readonly (Replaced | undefined)[],
  ): Promise<ShardLog[]>;

  /** Removes runs that never became current, or no longer are. To be called once a start knows that all fits. */
  removeOtherRuns(): Promise<void>;

  close(): Promise<void>;
}
