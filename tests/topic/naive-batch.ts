/**
 * A record batch written down field by field as Kafka's protocol guide lists them, with no thought of speed: what the
 * fast builder and the cursor are compared with. Shares nothing with them.
 */

export interface NaiveRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: readonly (readonly [string, Uint8Array | null])[];
  /** Milliseconds after the batch's base timestamp. */
  readonly timestampDelta?: number;
  /** After the batch's base offset; a compacted batch has gaps. */
  readonly offsetDelta?: number;
}

export interface NaiveBatch {
  readonly baseOffset?: number;
  readonly baseTimestampMs?: number;
  readonly maxTimestampMs?: number;
  readonly attributes?: number;
  readonly producerId?: number;
  readonly records: readonly NaiveRecord[];
}

export function naiveBatch(batch: NaiveBatch): Uint8Array {
  const { baseOffset = 0, baseTimestampMs = 1_000, attributes = 0, producerId = -1, records } = batch;
  const lastOffsetDelta = records.at(-1)?.offsetDelta ?? records.length - 1;
  const checked = [
    ...int(attributes, 2),
    ...int(lastOffsetDelta, 4),
    ...int(baseTimestampMs, 8),
    ...int(batch.maxTimestampMs ?? baseTimestampMs, 8),
    ...int(producerId, 8),
    ...int(-1, 2),
    ...int(-1, 4),
    ...int(records.length, 4),
    ...records.flatMap((record, index) => naiveRecord(record, index)),
  ];
  const crc = naiveCrc32c(Uint8Array.from(checked), 0, checked.length);
  const counted = [...int(-1, 4), 2, ...int(crc, 4), ...checked];
  return Uint8Array.from([...int(baseOffset, 8), ...int(counted.length, 4), ...counted]);
}

function naiveRecord({ key, value, headers = [], ...deltas }: NaiveRecord, index: number): number[] {
  const body = [
    0,
    ...varint(deltas.timestampDelta ?? 0),
    ...varint(deltas.offsetDelta ?? index),
    ...nullable(key),
    ...nullable(value),
    ...varint(headers.length),
    ...headers.flatMap(([name, content]) => [...nullable(new TextEncoder().encode(name)), ...nullable(content)]),
  ];
  return [...varint(body.length), ...body];
}

function nullable(bytes: Uint8Array | null): number[] {
  return bytes === null ? varint(-1) : [...varint(bytes.length), ...bytes];
}

/** Zigzag, then seven bits a byte, lowest first. */
function varint(value: number): number[] {
  let raw = value < 0 ? BigInt(value) * -2n - 1n : BigInt(value) * 2n;
  const bytes: number[] = [];
  for (; raw >= 128n; raw /= 128n) bytes.push(Number(raw % 128n) + 128);
  return [...bytes, Number(raw)];
}

/** Big endian, two's complement. */
function int(value: number, bytes: number): number[] {
  const raw = BigInt.asUintN(bytes * 8, BigInt(value));
  return Array.from({ length: bytes }, (_, at) => Number((raw >> BigInt((bytes - 1 - at) * 8)) & 255n));
}

export function naiveCrc32c(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0xffffffff;
  for (const byte of bytes.subarray(start, end)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}
