/**
 * Record batches (Kafka format v2, uncompressed) as other producers and brokers leave them: each record with its own
 * timestamp, key and headers, offsets missing between them, the broker's append time over all. Written the slow and
 * obvious way from Kafka's protocol guide; only the checksum is shared with `src`.
 */
import { crc32c } from "../../src/topic/crc32c.ts";

export interface ForeignRecord {
  readonly offset: number;
  /** Below 0: none. */
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly (readonly [name: string, value: Uint8Array | null])[];
}

export interface ForeignBatch {
  /** At least one, ascending. */
  readonly records: readonly ForeignRecord[];
  /** The last offset that the batch stands for, though its record may be gone. */
  readonly lastOffset: number;
  /** The broker's time, which then stands for every record's own. */
  readonly appendTimeMs?: number | undefined;
}

const LOG_APPEND_TIME = 0x08;

export function foreignBatch({ records, lastOffset, appendTimeMs }: ForeignBatch): Uint8Array {
  const [{ offset: baseOffset, timestampMs: baseTimestampMs }] = records;
  const body = records.flatMap((record) => {
    const bytes = [
      0, // attributes
      ...varint(record.timestampMs - baseTimestampMs),
      ...varint(record.offset - baseOffset),
      ...nullable(record.key),
      ...nullable(record.value),
      ...varint(record.headers.length),
      ...record.headers.flatMap(([name, value]) => [...nullable(new TextEncoder().encode(name)), ...nullable(value)]),
    ];
    return [...varint(bytes.length), ...bytes];
  });
  const maxTimestampMs = appendTimeMs ?? Math.max(...records.map(({ timestampMs }) => timestampMs));
  const checked = [
    ...integer(2, appendTimeMs === undefined ? 0 : LOG_APPEND_TIME),
    ...integer(4, lastOffset - baseOffset),
    ...integer(8, baseTimestampMs),
    ...integer(8, maxTimestampMs),
    ...integer(8, -1), // producer id
    ...integer(2, -1), // producer epoch
    ...integer(4, -1), // base sequence
    ...integer(4, records.length),
    ...body,
  ];
  const crc = crc32c(Uint8Array.from(checked), 0, checked.length);
  const counted = [...integer(4, -1), 2, ...integer(4, crc), ...checked]; // leader epoch, magic
  return Uint8Array.from([...integer(8, baseOffset), ...integer(4, counted.length), ...counted]);
}

/** A big-endian integer of this many bytes. */
function integer(bytes: number, value: number): number[] {
  const raw = BigInt.asUintN(bytes * 8, BigInt(value));
  return Array.from({ length: bytes }, (_, index) => Number((raw >> BigInt(8 * (bytes - 1 - index))) & 0xffn));
}

/** A zigzag varint. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let raw = value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value);
  for (; raw >= 0x80n; raw >>= 7n) bytes.push(Number(raw & 0x7fn) | 0x80);
  return [...bytes, Number(raw)];
}

function nullable(field: Uint8Array | null): number[] {
  return field === null ? varint(-1) : [...varint(field.length), ...field];
}
