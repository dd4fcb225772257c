/**
 * What a reader of committed records may see of one partition's part of a fetch response. Promises whole batches,
 * uncompressed, none of them control or aborted, the same for the same input; and that whatever is left out or
 * rewritten had a right CRC. What has a wrong one is handed on as it is: CRCs are for the reader of the batches to
 * check, who may refuse the batch or pass it. What can be neither read nor passed is exit 4, once what stands before it
 * was handed on.
 */
import { joined } from "../../byte-stream.ts";
import { release } from "../../released.ts";
import { BATCH_HEADER_BYTES, MAGIC_AT, MAGIC_V2 } from "../batch-layout.ts";
import { DamagedBatch } from "../contract.ts";
import { BATCH_BYTES_MAX, type BatchHeader, batchBytesAt, batchFault, readBatchHeader } from "../record-batch.ts";
import { RecordCursor } from "../record-cursor.ts";
import { decompressBatch } from "./compressed-batch.ts";

/** A control record's key: its version, then its type, two bytes each. */
const CONTROL_TYPE_AT = 2;
const CONTROL_KEY_BYTES = 4;
const CONTROL_ABORT = 0;
/**
 * Decompressed batches past which no further one is decompressed: they are left for the next fetch. A fetch of 4 MiB
 * could otherwise become gigabytes, and two are held: one is worked on, one is arriving.
 */
export const DECOMPRESSED_SLICE_BYTES = 32 * 1024 * 1024;

/** A transaction that the broker says was aborted: its producer's batches from `firstOffset` to its abort marker. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface FetchedBatches {
  /** A view of what was fetched where nothing had to be left out between batches or decompressed. */
  readonly bytes: Uint8Array;
  /** Whether it is no such view, but memory of its own. */
  readonly isOwn: boolean;
  /** After the last whole batch seen, left out or not; the offset asked for where there was none. */
  readonly nextOffset: number;
}

/** Takes `fetched`, asked for at `offset` with read_committed; `source` names topic and partition in messages. */
export function readableBatches(
  fetched: Uint8Array,
  offset: number,
  aborted: readonly AbortedTransaction[],
  source: string,
): FetchedBatches {
  const transactions = new AbortedTransactions(aborted);
  const readable = new ReadableBytes(fetched);
  let nextOffset = offset;
  let decompressedBytes = 0;
  /** Hands on the batch at `at`; where it ends, or undefined where it is left for the next fetch. */
  const handOn = (at: number): number | undefined => {
    const end = wholeBatchEnd(fetched, at, source);
    if (end === undefined) return undefined;
    const header = readBatchHeader(fetched, at);
    const tooMuch = header.compression !== 0 && decompressedBytes >= DECOMPRESSED_SLICE_BYTES;
    if (tooMuch) return undefined;

    // What is not handed on as it is must be right; what is not, is handed on, for its reader to refuse or to pass.
    const isLeftOut = transactions.hides(header) || header.lastOffset < offset;
    const isAsItIs = !isLeftOut && header.compression === 0;
    if (isAsItIs || batchFault(fetched, header) !== undefined) {
      readable.keep(at, end);
    } else if (isLeftOut) {
      if (header.control) transactions.endAt(fetched, header);
    } else {
      const what = `the batch at offset ${header.baseOffset} of ${source}`;
      const batch = decompressBatch(fetched.subarray(at, end), header.compression, what);
      decompressedBytes += batch.length;
      readable.add(batch);
    }
    nextOffset = Math.max(nextOffset, header.lastOffset + 1);
    return end;
  };
  try {
    for (let at: number | undefined = 0; at !== undefined; at = handOn(at));
  } catch (error) {
    // Whoever reads on after what stands before it meets it again.
    if (!(error instanceof DamagedBatch) || nextOffset === offset) throw error;
  }
  return { ...readable.finish(), nextOffset };
}

/** Where the batch at `at` ends; undefined when it is not all there. */
function wholeBatchEnd(fetched: Uint8Array, at: number, source: string): number | undefined {
  const bytes = batchBytesAt(fetched, at);
  if (bytes === undefined) return undefined;
  // Before any length: the old formats have the magic at the same place, but shorter headers.
  if (at + MAGIC_AT < fetched.length && fetched[at + MAGIC_AT] < MAGIC_V2) {
    throw new DamagedBatch(
      `${source} holds an older message format (v${fetched[at + MAGIC_AT]}) at offset ${baseOffsetAt(fetched, at)}`,
      "only format v2 is read (Kafka 0.11 and later write it): copy the topic with a newer producer into a new one",
    );
  }
  const nonsense = bytes < BATCH_HEADER_BYTES || bytes > BATCH_BYTES_MAX;
  if (nonsense) throw damaged(source, baseOffsetAt(fetched, at), `a batch length of ${bytes}`);
  if (at + bytes > fetched.length) return undefined;
  const magic = fetched[at + MAGIC_AT];
  if (magic !== MAGIC_V2) throw damaged(source, baseOffsetAt(fetched, at), `the unknown message format ${magic}`);
  return at + bytes;
}

function damaged(source: string, offset: number, fault: string): DamagedBatch {
  return new DamagedBatch(
    `${source} has ${fault} at offset ${offset}`,
    "the broker's file or the way from it is damaged: try again, then check the broker's disk and its replicas",
  );
}

/** Which producers' batches are aborted, from batch to batch: the rule of Java's consumer. */
class AbortedTransactions {
  readonly #waiting: AbortedTransaction[];
  readonly #producers = new Set<number>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#waiting = aborted.toSorted((one, other) => one.firstOffset - other.firstOffset);
  }

  /** Takes the next batch in; true when no reader of committed records may see it. */
  hides(header: BatchHeader): boolean {
    while (this.#waiting.length > 0 && this.#waiting[0].firstOffset <= header.lastOffset) {
      this.#producers.add((this.#waiting.shift() as AbortedTransaction).producerId);
    }
    return header.control || (header.transactional && this.#producers.has(header.producerId));
  }

  /** To be called with each control batch. */
  endAt(fetched: Uint8Array, header: BatchHeader): void {
    if (isAbortMarker(fetched, header)) this.#producers.delete(header.producerId);
  }
}

function isAbortMarker(fetched: Uint8Array, header: BatchHeader): boolean {
  const cursor = new RecordCursor();
  cursor.open(fetched, header);
  if (!cursor.next() || cursor.keyStart < 0 || cursor.keyEnd - cursor.keyStart < CONTROL_KEY_BYTES) return false;
  const typeAt = cursor.keyStart + CONTROL_TYPE_AT;
  return ((fetched[typeAt] << 8) | fetched[typeAt + 1]) === CONTROL_ABORT;
}

/** Gathers what may be seen: as one view while it lies together in what was fetched, else as a copy. */
class ReadableBytes {
  readonly #fetched: Uint8Array;
  readonly #parts: Uint8Array[] = [];
  /** Those of the parts that were made here. */
  readonly #made: Uint8Array[] = [];
  #from = 0;
  #end = 0;

  constructor(fetched: Uint8Array) {
    this.#fetched = fetched;
  }

  /** Batches from `from` to `end` of what was fetched, as they are. */
  keep(from: number, end: number): void {
    if (from !== this.#end) {
      this.#close();
      this.#from = from;
    }
    this.#end = end;
  }

  /** A batch that was made here. */
  add(batch: Uint8Array): void {
    this.#close();
    this.#parts.push(batch);
    this.#made.push(batch);
  }

  finish(): { bytes: Uint8Array; isOwn: boolean } {
    this.#close();
    if (this.#parts.length === 1) return { bytes: this.#parts[0], isOwn: this.#made.length === 1 };
    const bytes = joined(this.#parts);
    release(...this.#made);
    return { bytes, isOwn: true };
  }

  #close(): void {
    if (this.#end > this.#from) this.#parts.push(this.#fetched.subarray(this.#from, this.#end));
    this.#from = this.#end;
  }
}

function baseOffsetAt(fetched: Uint8Array, at: number): number {
  const view = new DataView(fetched.buffer, fetched.byteOffset + at);
  return view.getInt32(0) * 2 ** 32 + view.getUint32(4);
}
