/**
 * Kafka record batches, format v2 (Kafka protocol guide, "Record Batch"): reading their headers and checking them.
 * Promises that nothing outside of a batch's own bytes is read. Their records are `record-cursor.ts`, building batches
 * is `batch-builder.ts`.
 */
import { assert } from "../errors.ts";
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_TIMESTAMP_AT,
  BATCH_CRC_AT,
  BATCH_CRC_FROM,
  BATCH_FRAME_BYTES,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_AT,
  COMPRESSION_MASK,
  CONTROL,
  LAST_OFFSET_DELTA_AT,
  LOG_APPEND_TIME,
  MAGIC_AT,
  MAGIC_V2,
  MAX_TIMESTAMP_AT,
  PRODUCER_ID_AT,
  RECORD_COUNT_AT,
  TRANSACTIONAL,
} from "./batch-layout.ts";
import { crc32c } from "./crc32c.ts";

/** No batch is larger: Kafka's own `message.max.bytes` is 1 MiB, and few raise it that far. */
export const BATCH_BYTES_MAX = 128 * 1024 * 1024;

/** A batch header, read once per batch. Offsets, timestamps and ids fit a double. */
export interface BatchHeader {
  readonly at: number;
  /** The whole batch, frame included. */
  readonly bytes: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly magic: number;
  readonly crc: number;
  readonly compression: number;
  readonly transactional: boolean;
  readonly control: boolean;
  /** The broker's append time stands for every record's own (max timestamp of the batch). */
  readonly logAppendTime: boolean;
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly producerId: number;
  readonly recordCount: number;
}

/** Length in bytes of the batch that begins at `at`, or undefined while its frame is not all there. */
export function batchBytesAt(bytes: Uint8Array, at: number): number | undefined {
  if (at + BATCH_FRAME_BYTES > bytes.length) return undefined;
  return viewOf(bytes).getInt32(at + BATCH_LENGTH_AT) + BATCH_FRAME_BYTES;
}

/** Reads the header at `at`; the caller has made sure that `BATCH_HEADER_BYTES` are there. */
export function readBatchHeader(bytes: Uint8Array, at: number): BatchHeader {
  assert(at + BATCH_HEADER_BYTES <= bytes.length, "a whole batch header is there");
  const view = viewOf(bytes);
  const baseOffset = readInt64(view, at + BASE_OFFSET_AT);
  const attributes = view.getInt16(at + ATTRIBUTES_AT);
  return {
    at,
    bytes: view.getInt32(at + BATCH_LENGTH_AT) + BATCH_FRAME_BYTES,
    baseOffset,
    lastOffset: baseOffset + view.getInt32(at + LAST_OFFSET_DELTA_AT),
    magic: view.getInt8(at + MAGIC_AT),
    crc: view.getUint32(at + BATCH_CRC_AT),
    compression: attributes & COMPRESSION_MASK,
    transactional: (attributes & TRANSACTIONAL) !== 0,
    control: (attributes & CONTROL) !== 0,
    logAppendTime: (attributes & LOG_APPEND_TIME) !== 0,
    baseTimestampMs: readInt64(view, at + BASE_TIMESTAMP_AT),
    maxTimestampMs: readInt64(view, at + MAX_TIMESTAMP_AT),
    producerId: readInt64(view, at + PRODUCER_ID_AT),
    recordCount: view.getInt32(at + RECORD_COUNT_AT),
  };
}

/** Whether all of a batch of a possible length is there. */
export function isWholeBatch(bytes: Uint8Array, { at, bytes: length }: BatchHeader): boolean {
  return length >= BATCH_HEADER_BYTES && at + length <= bytes.length;
}

/** `crc`: the batch is whole, but not what its producer sent. */
export type BatchFaultKind = "format" | "length" | "cut" | "crc" | "counts";

/** What is wrong with the whole batch at `header`, or undefined: format, length and, as `checksum` has it, CRC-32C. */
export function batchFaultKind(
  bytes: Uint8Array,
  header: BatchHeader,
  checksum = (start: number, end: number) => crc32c(bytes, start, end),
): BatchFaultKind | undefined {
  if (header.magic !== MAGIC_V2) return "format";
  if (header.bytes < BATCH_HEADER_BYTES || header.bytes > BATCH_BYTES_MAX) return "length";
  if (!isWholeBatch(bytes, header)) return "cut";
  if (checksum(header.at + BATCH_CRC_FROM, header.at + header.bytes) !== header.crc) return "crc";
  if (header.recordCount < 0 || header.lastOffset < header.baseOffset) return "counts";
  return undefined;
}

/** The same in words. */
export function batchFault(bytes: Uint8Array, header: BatchHeader): string | undefined {
  const kind = batchFaultKind(bytes, header);
  return kind && describeFault(kind, header);
}

export function describeFault(kind: BatchFaultKind, header: BatchHeader): string {
  switch (kind) {
    case "format":
      return `message format ${header.magic}, only 2 is known`;
    case "length":
      return `a batch length of ${header.bytes}`;
    case "cut":
      return "a batch cut short";
    case "crc":
      return "a wrong CRC";
    case "counts":
      return "impossible counts";
  }
}

function readInt64(view: DataView, at: number): number {
  return view.getInt32(at) * 2 ** 32 + view.getUint32(at + 4);
}

// A DataView per call would cost more than what it reads; a topic's buffers are few and live long.
const views = new WeakMap<Uint8Array, DataView>();
function viewOf(bytes: Uint8Array): DataView {
  let view = views.get(bytes);
  if (view === undefined) {
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    views.set(bytes, view);
  }
  return view;
}
