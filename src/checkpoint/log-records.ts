/**
 * The records of a checkpoint log, as bodies of frames: a header first, then a base, then epochs and confirmations in
 * the order in which they came. State and outputs may be large, so they come and go in pieces. Pure. What the state's
 * bytes mean is the shard's business.
 */
import { ByteReader, ByteWriter } from "../byte-stream.ts";
import type { EpochIdentity } from "../epoch.ts";
import { assert } from "../errors.ts";
import type { OutputEnds } from "../topic/contract.ts";
import type { CheckpointSettings, Replaced } from "./contract.ts";
import { bytesOf } from "./frames.ts";

/** Counts up when the files change in a way that an older Tidemark cannot read. */
export const CHECKPOINT_FORMAT = 3;

export interface HeaderRecord {
  readonly format: number;
  readonly run: string;
  readonly partition: number;
  readonly settings: CheckpointSettings;
}

/** The whole state after `last`; epochs up to `last` that follow in the file give their outputs only. */
export interface BaseRecord {
  readonly kind: "base";
  readonly last: EpochIdentity;
  readonly confirmed: EpochIdentity;
  readonly ends: OutputEnds;
  readonly replaced: Replaced | undefined;
  readonly state: readonly Uint8Array[];
}

export interface EpochRecord {
  readonly kind: "epoch";
  readonly identity: EpochIdentity;
  readonly offset: number;
  readonly state: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
}

export interface ConfirmRecord {
  readonly kind: "confirm";
  readonly number: number;
  readonly ends: OutputEnds;
}

export type LogRecord = BaseRecord | EpochRecord | ConfirmRecord;

const KINDS = ["base", "epoch", "confirm"] as const;

export function writeHeader(header: HeaderRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(header));
}

export function readHeader(body: Uint8Array): HeaderRecord {
  return JSON.parse(new TextDecoder().decode(body)) as HeaderRecord;
}

/** The record as the parts of a frame's body: what may be large is not copied. */
export function writeRecord(record: LogRecord): Uint8Array[] {
  const out = new ByteWriter();
  out.varint(KINDS.indexOf(record.kind));
  switch (record.kind) {
    case "base":
      writeIdentity(out, record.last);
      writeIdentity(out, record.confirmed);
      writeEnds(out, record.ends);
      writeReplaced(out, record.replaced);
      return [out.finish(), ...record.state];
    case "epoch":
      writeIdentity(out, record.identity);
      out.varint(record.offset);
      out.varint(bytesOf(record.state));
      return [out.finish(), ...record.state, ...record.outputs];
    case "confirm":
      out.varint(record.number);
      writeEnds(out, record.ends);
      return [out.finish()];
  }
}

export function readRecord(body: Uint8Array): LogRecord {
  const from = new ByteReader(body);
  const kind = KINDS[from.varint()];
  switch (kind) {
    case "base": {
      const last = readIdentity(from);
      const confirmed = readIdentity(from);
      const ends = readEnds(from);
      return { kind, last, confirmed, ends, replaced: readReplaced(from), state: [from.rest()] };
    }
    case "epoch": {
      const identity = readIdentity(from);
      const offset = from.varint();
      return { kind, identity, offset, state: [from.bytes()], outputs: [from.rest()] };
    }
    case "confirm":
      return { kind, number: from.varint(), ends: readEnds(from) };
  }
  assert(false, "a log record is of a kind known");
}

function writeIdentity(out: ByteWriter, epoch: EpochIdentity): void {
  out.text(epoch.run);
  out.text(epoch.owner);
  out.varint(epoch.number);
}

function readIdentity(from: ByteReader): EpochIdentity {
  return { run: from.text(), owner: from.text(), number: from.varint() };
}

function writeEnds(out: ByteWriter, ends: OutputEnds): void {
  out.varint(ends.anomalies);
  out.varint(ends.rejected);
}

function readEnds(from: ByteReader): OutputEnds {
  return { anomalies: from.varint(), rejected: from.varint() };
}

function writeReplaced(out: ByteWriter, replaced: Replaced | undefined): void {
  out.varint(replaced === undefined ? 0 : 1);
  if (replaced === undefined) return;
  for (const epoch of [replaced.tableEpoch, replaced.outputsEpoch]) {
    out.varint(epoch === undefined ? 0 : 1);
    if (epoch !== undefined) writeIdentity(out, epoch);
  }
  writeEnds(out, replaced.ends);
  out.double(replaced.endDayMax);
  out.double(replaced.offsetMax);
}

function readReplaced(from: ByteReader): Replaced | undefined {
  if (from.varint() === 0) return undefined;
  const tableEpoch = from.varint() === 1 ? readIdentity(from) : undefined;
  const outputsEpoch = from.varint() === 1 ? readIdentity(from) : undefined;
  return { tableEpoch, outputsEpoch, ends: readEnds(from), endDayMax: from.double(), offsetMax: from.double() };
}
