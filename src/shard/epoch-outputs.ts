/**
 * What a shard has to hand out so far in the epoch under way. Promises an end: when it is full, the shard stops and the
 * epoch is taken, so that memory is bounded however much a closing or a flood of bad lines gives.
 */
import { type Anomaly, REJECTED_LINE_BYTES_MAX, type RejectedLine, type RejectReason } from "../epoch.ts";
import { RowColumns } from "../row-columns.ts";

/** Rows, anomalies and rejected lines of one epoch, together. */
export const EPOCH_OUTPUTS_MAX = 60_000;
/**
 * The same of the first epoch; after each that is full, the next may have twice as many. Code that is not warm yet
 * takes ten times as long for each, and no rating is looked at meanwhile.
 */
const FIRST_OUTPUTS_MAX = 7_500;
/**
 * Changed rows, as a share of the limit, that are worth an epoch where a window begins. While ratings come in order,
 * the windows before it are complete, so that the next epoch need not have their rows again.
 */
const WORTHWHILE_SHARE = 2 / 3;
/** Bytes of the rejected lines and characters of the anomalies' titles of one epoch, together. */
export const EPOCH_TEXT_MAX = 8 * 1024 * 1024;

/** What an earlier run put out already and a rebuild must not put out again. */
export interface AlreadyOut {
  hasAnomaly(startDay: number, endDay: number, movieId: number): boolean;
  hasRejected(offset: number, line: Uint8Array | null): boolean;
}

export class EpochOutputs {
  rows = new RowColumns();
  anomalies: Anomaly[] = [];
  rejected: RejectedLine[] = [];
  #text = 0;
  readonly #alreadyOut: AlreadyOut | undefined;

  /** Of the epoch under way. */
  #outputsMax: number;
  readonly #laterOutputsMax: number;

  constructor(alreadyOut?: AlreadyOut, outputsMax = EPOCH_OUTPUTS_MAX) {
    this.#alreadyOut = alreadyOut;
    this.#outputsMax = Math.min(outputsMax, FIRST_OUTPUTS_MAX);
    this.#laterOutputsMax = outputsMax;
  }

  get full(): boolean {
    return this.room <= 0 || this.#text >= EPOCH_TEXT_MAX;
  }

  /** How many more rows there may be. */
  get room(): number {
    return this.#outputsMax - this.rows.length - this.anomalies.length - this.rejected.length;
  }

  get worthwhileRows(): number {
    return this.#laterOutputsMax * WORTHWHILE_SHARE;
  }

  get empty(): boolean {
    return this.rows.length + this.anomalies.length + this.rejected.length === 0;
  }

  addAnomaly(anomaly: Anomaly): void {
    if (this.#alreadyOut?.hasAnomaly(anomaly.startDay, anomaly.endDay, anomaly.movieId)) return;
    this.anomalies.push(anomaly);
    this.#text += anomaly.title.length;
  }

  /** Keeps a copy of the line, cut at `REJECTED_LINE_BYTES_MAX`. */
  reject(offset: number, reason: RejectReason, value: Uint8Array | null): void {
    // Not `value.slice`: of a Node Buffer that is a view, and a reader uses its buffers again.
    const line = value === null ? null : new Uint8Array(value.subarray(0, REJECTED_LINE_BYTES_MAX));
    if (this.#alreadyOut?.hasRejected(offset, line)) return;
    this.rejected.push({ offset, reason, line, fullBytes: value?.length ?? 0 });
    this.#text += line?.length ?? 0;
  }

  /** Hands over what is there and begins anew. */
  take(): { rows: RowColumns; anomalies: Anomaly[]; rejected: RejectedLine[] } {
    const { rows, anomalies, rejected, full } = this;
    // An epoch is often as large as the one before.
    this.rows = new RowColumns(rows.length);
    this.anomalies = [];
    this.rejected = [];
    this.#text = 0;
    if (full) this.#outputsMax = Math.min(this.#outputsMax * 2, this.#laterOutputsMax);
    return { rows, anomalies, rejected };
  }
}
