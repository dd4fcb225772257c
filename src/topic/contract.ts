/**
 * Topics, as Tidemark needs them. Two implementations: embedded (files of Kafka record batches below the home
 * folder) and Kafka; `tests/topic/contract.ts` is the suite that both must pass. Offsets are numbers: exact up to
 * 2^53, which no topic here reaches. All bytes are Kafka record batches, format v2 (see `record-batch.ts`).
 */
import type { Epoch, EpochIdentity, RatingsSource } from "../epoch.ts";
import { stateError, UserError } from "../errors.ts";

/** Exit 4: a batch that is not as it was written, or cannot be read. What came before it holds. */
export class DamagedBatch extends UserError {
  constructor(message: string, hint: string, cause?: unknown) {
    super(4, message, hint, cause);
  }
}

/** Exit 4: the topic was deleted and made again under its reader, which gives nothing of the new one. */
export class RemadeTopic extends UserError {
  constructor(message: string, hint: string, cause?: unknown) {
    super(4, message, hint, cause);
  }
}

/** First offset held, and the offset after the last one that may be read (Kafka: the last stable offset). */
export interface Bounds {
  readonly start: number;
  readonly end: number;
}

/** Reading raw batches of one topic: the hot path of `process`, and `consume-kafka`. */
export interface TopicReader {
  readonly topic: string;
  /** When it was opened: later ones are not read. */
  readonly partitions: number;

  /** How many there are by now; as many as at the opening when the signal aborts before that is known. */
  partitionsNow(signal: AbortSignal): Promise<number>;

  bounds(partition: number): Promise<Bounds>;

  /**
   * Whole record batches in offset order, the first of which holds `offset` or starts after it; empty where nothing
   * is there yet. At least one batch when there is one, else as many as fit in about `maxBytes`. The bytes stay
   * valid until the second next `read` of the same partition: a reader may have one read in flight while it works on
   * the slice before. CRCs are for the caller to check. An offset before `start` or after `end` is exit 4: the topic
   * was replaced or cut. A topic that was made again since it was opened is a `RemadeTopic`, also for `bounds`, where
   * topics have ids (Kafka 3.1 and newer). Data that cannot be handed on is a `DamagedBatch`, once all before it was
   * handed on. Control batches and aborted records never appear; `nextOffset` passes them.
   */
  read(partition: number, offset: number, maxBytes: number): Promise<Slice>;

  /**
   * Resolves when `partition` may hold more than `offset`, within 50 ms of its being written, or when the signal
   * aborts.
   */
  waitForMore(partition: number, offset: number, signal: AbortSignal): Promise<void>;

  /** All that `read` gave so far is durable when this resolves (embedded: fsync; a broker: nothing to do). */
  sync(): Promise<void>;

  close(): Promise<void>;
}

export interface Slice {
  readonly bytes: Uint8Array;
  /** True where they are memory of their own, so that whoever is done with them may give it back (`released.ts`). */
  readonly isOwn?: boolean;
  /** Where to read on: after the last batch here; after what was skipped when `bytes` is empty. */
  readonly nextOffset: number;
  /** True where nothing more could be read when this was: `waitForMore`, rather than read on. Not told by all. */
  readonly isLast?: boolean;
}

/** What opening a topic for writing cut off a partition's end: a write that a crash tore. */
export interface CutTail {
  readonly partition: number;
  /** Where the file ends now. */
  readonly position: number;
  readonly bytes: number;
  /** The offset that the next record gets. */
  readonly offset: number;
}

/** Writing the ratings topic: one writer at a time (embedded: the topic's lock; exit 4, naming the owner). */
export interface TopicWriter {
  readonly partitions: number;
  /** Worth a warning. Brokers cut nothing. */
  readonly cut: readonly CutTail[];
  /**
   * Appends one record batch, whose base offset is set here and whose CRC is already right (the CRC leaves the base
   * offset out: Kafka protocol, record batch). `recordCount` is what the batch holds. The caller may use `batch`
   * again once this resolves. Batches of a partition keep the order of the calls.
   */
  append(partition: number, batch: Uint8Array, recordCount: number): Promise<void>;
  /** All that was appended is durable when this resolves. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Ends of the two output topics (partition 0 of each), noted in the checkpoint. */
export interface OutputEnds {
  readonly anomalies: number;
  readonly rejected: number;
}

/** What the outputs need to know of the log when a process starts. */
export interface UnconfirmedEpochs {
  readonly partition: number;
  /** The last epoch that the log holds as confirmed by both sides. */
  readonly confirmed: EpochIdentity;
  /** The epochs after it, in order; at most 4. */
  readonly epochs: readonly Epoch[];
  /** Ends past which every batch of these epochs lies. */
  readonly ends: OutputEnds;
  /** For a run that `--rebuild` made: where the outputs stood for the run before, which may still stand there. */
  readonly replaced?: EpochIdentity | undefined;
}

/** Which topics the outputs go to, and whose they are. */
export interface OutputPlaces {
  readonly source: RatingsSource;
  /** Partitions of the ratings topic. */
  readonly partitions: number;
  readonly anomalyTopic: string;
  readonly rejectedTopic: string;
  /** Throws when another process has taken over what this one holds: then nobody is to be fenced. */
  readonly checkHeld: () => Promise<void>;
}

/**
 * Where `process` puts anomalies and rejected lines (and, on Kafka, commits the consumed offset in the same
 * transaction). One per `process`, for all its shards. Every record carries headers `run`, `owner`, `epoch`,
 * `group`, `topic`, `partition`; a rejected one also `offset`, `reason` and, when it was cut, `full-bytes`.
 * The key is the movie id (anomalies) or absent (rejected).
 */
export interface OutputTopics {
  /** What `fence` cut off the topics' ends. */
  readonly cut: readonly CutTail[];
  /** The epochs that the outputs say they stand at, by partition. Embedded: none, as only their records tell. */
  standings(): Promise<Map<number, EpochIdentity>>;
  /** Compares what stands in the outputs with the log, changing nothing. Exit 4 for what is not of this log. */
  compare(log: readonly UnconfirmedEpochs[]): Promise<void>;
  /** Shuts out every earlier owner and settles what it left open. Embedded: takes their locks. May be repeated. */
  fence(): Promise<void>;
  /** Which of the unconfirmed epochs must still be applied to the outputs, by partition, in order. After `fence`. */
  missing(log: readonly UnconfirmedEpochs[]): Promise<Map<number, Epoch[]>>;
  /**
   * Puts the records and offsets of a shard's next epochs on the topics, in order, durable when this resolves. On Kafka
   * they share a transaction. Called in order, per shard, each time once the call before is done. `inTable` is for
   * epochs that are on their way into the table: work may begin, but nothing is committed before it resolves; where it
   * rejects, nothing is, and its error comes through.
   */
  apply(epochs: readonly Epoch[], inTable?: Promise<void>): Promise<void>;
  /** Where the output topics end now. */
  ends(): Promise<OutputEnds>;
  close(): Promise<void>;
}

/** What of a topic is kept: a rebuild, and a first start, need all of it. */
export interface Keeping {
  /** Infinity: for good. */
  readonly retentionMs: number;
  /** Of a partition. Infinity: all. */
  readonly retentionBytes: number;
  /** Whether a record goes when another of its key has come. */
  readonly isCompacted: boolean;
}

/** Exit 4: the topic, `where` it is, is there with another number of partitions than is asked for. */
export function wrongPartitions(topic: string, where: string, found: number, wanted: number): UserError {
  return stateError(
    `the topic ${topic} ${where} has ${found} partitions, not ${wanted}`,
    `make it anew with \`tidemark setup --drop\` or, if it is the topic of ratings, ask for ${found} with --partitions`,
  );
}

/** What `setup` and `cleanup` do to topics and to consumer groups. */
export interface TopicAdmin {
  /** Makes a missing topic; says whether it did. Another number of partitions than asked for is exit 4. */
  create(topic: string, partitions: number): Promise<boolean>;
  /** Whether the topic exists. */
  exists(topic: string): Promise<boolean>;
  /** Exit 4 while a topic cannot be removed, as another process writes it; nothing where there is none. */
  checkIdle(topic: string): Promise<void>;
  /** Removes a topic and every group's place in it; says whether it was there. A living writer is exit 4. */
  remove(topic: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Where a consumer group stands in a topic's partition 0 (`consume-kafka`). */
export interface GroupOffsets {
  read(group: string, topic: string): Promise<number | undefined>;
  commit(group: string, topic: string, offset: number): Promise<void>;
  /** Whether the group has a place in the topic. */
  has(topic: string, group: string): Promise<boolean>;
  /** Forgets the group's place in the topic; says whether it had one. */
  remove(topic: string, group: string): Promise<boolean>;
  close(): Promise<void>;
}
