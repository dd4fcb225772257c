/**
 * Walks over record batches that lie one after another without gaps, as they do in a segment: which of them are whole,
 * and where the one that holds an offset begins. Promises not to read beyond what it is given; judges nothing: whether
 * a fault is damage or a torn tail depends on where it is.
 */
import { BATCH_FRAME_BYTES, BATCH_HEADER_BYTES } from "../batch-layout.ts";
import { BATCH_BYTES_MAX, batchBytesAt, batchFault, readBatchHeader } from "../record-batch.ts";
import { damagedSegment, type Segment } from "./segment.ts";

/** How far a walk came. */
export interface Walk {
  /** Where the last whole batch ends in the bytes. */
  readonly end: number;
  /** The offset after the last whole batch. */
  readonly nextOffset: number;
  /** What is wrong with the batch at `end`; undefined where there are just not enough bytes. */
  readonly fault: string | undefined;
  /** Bytes, counted from `end`, that it takes to tell more of the batch there; 0 where the bytes end with a batch. */
  readonly bytesWanted: number;
}

/**
 * Walks `bytes[0, length)`, the first batch of which begins with `firstOffset`. Batches before `trustedOffset` were
 * found whole before: their CRC is not computed.
 */
export function walkBatches(bytes: Uint8Array, length: number, firstOffset: number, trustedOffset: number): Walk {
  let end = 0;
  let nextOffset = firstOffset;
  const stop = (bytesWanted: number, fault?: string): Walk => ({ end, nextOffset, fault, bytesWanted });
  for (;;) {
    if (end === length) return stop(0);
    if (end + BATCH_FRAME_BYTES > length) return stop(BATCH_HEADER_BYTES);
    const batchBytes = batchBytesAt(bytes, end) ?? 0;
    if (batchBytes < BATCH_HEADER_BYTES || batchBytes > BATCH_BYTES_MAX)
      return stop(0, `a batch length of ${batchBytes}`);
    if (end + batchBytes > length) return stop(batchBytes);

    const header = readBatchHeader(bytes, end);
    if (header.baseOffset !== nextOffset) return stop(0, `a batch with base offset ${header.baseOffset}`);
    if (header.lastOffset < header.baseOffset) return stop(0, "impossible counts");
    if (nextOffset >= trustedOffset) {
      const fault = batchFault(bytes, header);
      if (fault !== undefined) return stop(0, fault);
    }
    end += batchBytes;
    nextOffset = header.lastOffset + 1;
  }
}

/** Read at once in a search: many headers where batches are tiny, cheap to waste where they are large. */
const SEARCH_BYTES = 64 * 1024;

/**
 * Where in the segment the batch that holds `offset` begins, and its base offset. Reads headers only, from the
 * segment's start. The batch must be there: exit 4 where the headers do not lead to it.
 */
export async function findBatch(segment: Segment, offset: number): Promise<{ position: number; baseOffset: number }> {
  const bytes = new Uint8Array(SEARCH_BYTES);
  let position = 0;
  let baseOffset = segment.baseOffset;
  for (;;) {
    const length = await segment.read(bytes, 0, bytes.length, position);
    if (length < BATCH_HEADER_BYTES)
      throw damagedSegment(segment.path, position, baseOffset, "the file ends too early");
    let at = 0;
    while (at + BATCH_HEADER_BYTES <= length) {
      const header = readBatchHeader(bytes, at);
      const fits = header.bytes >= BATCH_HEADER_BYTES && header.bytes <= BATCH_BYTES_MAX;
      if (!fits || header.baseOffset !== baseOffset || header.lastOffset < baseOffset) {
        throw damagedSegment(segment.path, position + at, baseOffset, "no batch begins here");
      }
      if (header.lastOffset >= offset) return { position: position + at, baseOffset };
      baseOffset = header.lastOffset + 1;
      at += header.bytes;
    }
    position += at;
  }
}
