/**
 * The walk through a slice of a topic: batch after batch, each checked by its CRC before its first record is seen, and
 * record after record. Promises records in offset order from the offset asked for; what they say is the shard's. With
 * a lane's memory each batch that is not short is brought there first, to be checked and read there.
 */
import type { ByteReader, ByteWriter } from "../byte-stream.ts";
import { DamagedBatch } from "../topic/contract.ts";
import {
  type BatchFaultKind,
  type BatchHeader,
  batchFaultKind,
  describeFault,
  isWholeBatch,
  readBatchHeader,
} from "../topic/record-batch.ts";
import { RecordCursor } from "../topic/record-cursor.ts";
import { type LaneMemory, WORTHWHILE_BYTES } from "./lane-memory.ts";

/** A batch, told by where it begins and what it holds. */
export interface LastBatch {
  readonly baseOffset: number;
  readonly crc: number;
}

export class SliceWalk {
  readonly cursor = new RecordCursor();
  /** The batch that the last record came from; undefined before the first. */
  lastBatch: LastBatch | undefined;
  /** Offset after the last batch walked to its end. */
  passedOffset = 0;

  /** What is walked, for messages. */
  readonly #source: string;
  readonly #onCorrupt: ((header: BatchHeader) => void) | undefined;
  readonly #memory: LaneMemory | undefined;
  #slice: Uint8Array = new Uint8Array(0);
  #nextBatchAt = 0;
  #endOffset = 0;
  #batch: BatchHeader | undefined;
  /** What the cursor's places point into. */
  #bytes: Uint8Array = this.#slice;
  #checksum: ((start: number, end: number) => number) | undefined;

  /** With `onCorrupt`, batches with a wrong CRC are told to it and passed; without, they are exit 4. */
  constructor(source: string, onCorrupt?: (header: BatchHeader) => void, memory?: LaneMemory) {
    this.#source = source;
    this.#onCorrupt = onCorrupt;
    this.#memory = memory;
  }

  /** Whether the batch at hand lies in the lane's memory. */
  get isInLane(): boolean {
    return this.#checksum !== undefined;
  }

  /** What the cursor's places point into: the same until the next batch. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Sets whole record batches to walk through, up to `endOffset`. */
  load(slice: Uint8Array, endOffset: number): void {
    this.#slice = slice;
    this.#nextBatchAt = 0;
    this.#endOffset = endOffset;
  }

  /** Moves to the next record at or after `fromOffset`; false at the end. Damage is a `DamagedBatch`. */
  next(fromOffset: number): boolean {
    for (;;) {
      if (this.#batch !== undefined) {
        while (this.cursor.next()) if (this.cursor.offset >= fromOffset) return true;
        this.passedOffset = this.#batch.lastOffset + 1;
        this.#batch = undefined;
      }
      if (this.#nextBatchAt >= this.#slice.length) return false;
      const header = this.#open();
      if (header.baseOffset >= this.#endOffset) return false;
      const fault = batchFaultKind(this.#bytes, header, this.#checksum);
      if (fault !== undefined && (fault !== "crc" || this.#onCorrupt === undefined)) {
        throw this.#damaged(header, fault);
      }
      this.#nextBatchAt += header.bytes;
      if (fault !== undefined) {
        this.#onCorrupt?.(header);
        this.passedOffset = header.lastOffset + 1;
        continue;
      }
      if (header.lastOffset < fromOffset) continue;
      this.#batch = header;
      this.cursor.open(this.#bytes, header);
      this.lastBatch = { baseOffset: header.baseOffset, crc: header.crc };
    }
  }

  /** The value of the record at hand, as a view; null where it has none. */
  value(): Uint8Array | null {
    const { valueStart, valueEnd } = this.cursor;
    return valueStart < 0 ? null : this.#bytes.subarray(valueStart, valueEnd);
  }

  /** Writes which batch was the last one. */
  write(out: ByteWriter): void {
    out.signed(this.lastBatch?.baseOffset ?? -1);
    out.varint(this.lastBatch?.crc ?? 0);
  }

  /** Takes in what `write` wrote. */
  read(from: ByteReader): void {
    const baseOffset = from.signed();
    const crc = from.varint();
    this.lastBatch = baseOffset < 0 ? undefined : { baseOffset, crc };
  }

  /** Reads the header of the next batch, and brings the batch to where it will be read. */
  #open(): BatchHeader {
    const header = readBatchHeader(this.#slice, this.#nextBatchAt);
    const isBroughtIn =
      header.bytes >= WORTHWHILE_BYTES && header.baseOffset < this.#endOffset && isWholeBatch(this.#slice, header);
    const memory = isBroughtIn ? this.#memory : undefined;
    this.#checksum = memory === undefined ? undefined : (start, end) => memory.crc32c(start, end);
    this.#bytes = memory === undefined ? this.#slice : memory.bringIn(this.#slice, header.at, header.bytes);
    return memory === undefined ? header : { ...header, at: 0 };
  }

  #damaged(header: BatchHeader, fault: BatchFaultKind): DamagedBatch {
    // Where a batch with another fault ends, nobody knows.
    const wayPast = fault === "crc" ? ", or pass this batch with `tidemark process --skip-corrupt`" : "";
    return new DamagedBatch(
      `${this.#source} is damaged at offset ${header.baseOffset}: ${describeFault(fault, header)}`,
      `put the topic back from a copy${wayPast}; what came before this offset is kept`,
    );
  }
}
