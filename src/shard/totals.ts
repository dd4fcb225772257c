/**
 * A shard's totals: every line read is counted or rejected for one reason, and nothing is dropped in silence. They
 * are kept in the checkpoint, so they span restarts.
 */
import type { ByteReader, ByteWriter } from "../byte-stream.ts";
import { REJECT_REASONS, type RejectReason } from "../epoch.ts";
import { assert } from "../errors.ts";

export class Totals {
  counted = 0;
  /** Of those counted, the ratings that were late for some of their windows. */
  partlyLate = 0;
  /** Batches with a wrong CRC that `--skip-corrupt` skipped: what was in them was never read. */
  corruptBatches = 0;
  readonly rejected: Record<RejectReason, number> = {
    malformed: 0,
    late: 0,
    future: 0,
    "too-many-movies": 0,
    "too-many-windows": 0,
  };

  get read(): number {
    return this.counted + this.rejectedInAll;
  }

  get rejectedInAll(): number {
    return REJECT_REASONS.reduce((sum, reason) => sum + this.rejected[reason], 0);
  }

  add(other: Totals): void {
    this.counted += other.counted;
    this.partlyLate += other.partlyLate;
    this.corruptBatches += other.corruptBatches;
    for (const reason of REJECT_REASONS) this.rejected[reason] += other.rejected[reason];
  }

  write(out: ByteWriter): void {
    out.varint(this.counted);
    out.varint(this.partlyLate);
    out.varint(this.corruptBatches);
    out.varint(REJECT_REASONS.length);
    for (const reason of REJECT_REASONS) out.varint(this.rejected[reason]);
  }

  restore(from: ByteReader): void {
    this.counted = from.varint();
    this.partlyLate = from.varint();
    this.corruptBatches = from.varint();
    assert(from.varint() === REJECT_REASONS.length, "the reasons are those known");
    for (const reason of REJECT_REASONS) this.rejected[reason] = from.varint();
  }

  /** `read 10 = counted 7 + rejected 3 (malformed 2, late 1); late for some windows 4`. */
  describe(): string {
    const reasons = REJECT_REASONS.filter((reason) => this.rejected[reason] > 0);
    const detail = reasons.map((reason) => `${reason} ${this.rejected[reason]}`).join(", ");
    const rejected = `rejected ${this.rejectedInAll}${detail === "" ? "" : ` (${detail})`}`;
    const corrupt = this.corruptBatches === 0 ? "" : `; corrupt batches passed ${this.corruptBatches}`;
    const late = `late for some windows ${this.partlyLate}`;
    return `read ${this.read} = counted ${this.counted} + ${rejected}; ${late}${corrupt}`;
  }
}
