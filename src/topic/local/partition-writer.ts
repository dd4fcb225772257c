/**
 * Appends to one embedded partition; its caller holds the topic's lock. Opening it cuts off the torn tail that a crash
 * left. After a write or an fsync failed it takes nothing more: what the disk holds is settled when it is opened anew.
 */
import { syncFolder } from "../../disk/durable-file.ts";
import { assert } from "../../errors.ts";
import { BASE_OFFSET_AT, BATCH_FRAME_BYTES, BATCH_LENGTH_AT, LAST_OFFSET_DELTA_AT } from "../batch-layout.ts";
import type { CutTail } from "../contract.ts";
import { BATCH_BYTES_MAX } from "../record-batch.ts";
import { ConfirmedEndFile, type LogPlace } from "./confirmed-end.ts";
import { PartitionEnd } from "./partition-end.ts";
import { Segment, segmentPath } from "./segment.ts";

export class PartitionWriter {
  readonly cut: CutTail | undefined;
  readonly #folder: string;
  readonly #confirmedFile: ConfirmedEndFile;
  readonly #segmentBytesMax: number;
  #segment: Segment;
  #position: number;
  #offset: number;
  #confirmedOffset: number;
  #failure: unknown;
  /** Appends, one after another. */
  #appends: Promise<unknown> = Promise.resolve();
  /** Fsyncs and changes of segment, one after another; appends go on beside an fsync. */
  #syncs: Promise<unknown> = Promise.resolve();

  private constructor(
    folder: string,
    segment: Segment,
    confirmedFile: ConfirmedEndFile,
    end: { place: LogPlace; confirmedOffset: number; cut: CutTail | undefined },
    segmentBytesMax: number,
  ) {
    this.#folder = folder;
    this.#segment = segment;
    this.#confirmedFile = confirmedFile;
    this.#position = end.place.position;
    this.#offset = end.place.offset;
    this.#confirmedOffset = end.confirmedOffset;
    this.cut = end.cut;
    this.#segmentBytesMax = segmentBytesMax;
  }

  static async open(folder: string, partition: number, segmentBytesMax: number): Promise<PartitionWriter> {
    const end = await PartitionEnd.open(folder);
    let segment: Segment | undefined;
    try {
      await end.advance();
      const { place, confirmedOffset } = end;
      const bytes = await end.tornBytes();
      segment = await Segment.open(folder, place.segment, "r+");
      assert(segment !== undefined, "the segment whose end was just found is there");
      const cut = bytes > 0 ? { partition, position: place.position, bytes, offset: place.offset } : undefined;
      if (cut !== undefined) {
        await segment.truncate(place.position);
        await segment.sync();
      }
      const confirmedFile = await ConfirmedEndFile.open(folder);
      return new PartitionWriter(folder, segment, confirmedFile, { place, confirmedOffset, cut }, segmentBytesMax);
    } catch (error) {
      await segment?.close();
      throw error;
    } finally {
      await end.close();
    }
  }

  /** The offset after the last record that was written. */
  get offset(): number {
    return this.#offset;
  }

  /** See `TopicWriter.append`. */
  append(batch: Uint8Array, recordCount: number): Promise<void> {
    const result = this.#appends.then(() => this.#append(batch, recordCount));
    this.#appends = result.catch(() => {});
    return result;
  }

  /** All that was appended before this call is durable, and noted as such, when this resolves. */
  async flush(): Promise<void> {
    await this.#appends;
    await this.#inSyncOrder(() => this.#sync());
  }

  /** Flushes, unless something failed before. */
  async close(): Promise<void> {
    try {
      if (this.#failure === undefined) await this.flush();
    } finally {
      await this.#appends;
      await this.#syncs;
      await this.#segment.close();
      await this.#confirmedFile.close();
    }
  }

  async #append(batch: Uint8Array, recordCount: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    assert(batch.length <= BATCH_BYTES_MAX, "a batch is not larger than readers take");
    assert(view.getInt32(BATCH_LENGTH_AT) + BATCH_FRAME_BYTES === batch.length, "one whole batch is appended");
    assert(view.getInt32(LAST_OFFSET_DELTA_AT) + 1 === recordCount, "the batch holds as many records as said");
    view.setBigInt64(BASE_OFFSET_AT, BigInt(this.#offset));
    if (this.#position > 0 && this.#position + batch.length > this.#segmentBytesMax) {
      await this.#inSyncOrder(() => this.#roll());
    }
    try {
      await this.#segment.write(batch, this.#position);
    } catch (error) {
      this.#failure = error;
      // Should this fail as well, the next writer cuts it.
      await this.#segment.truncate(this.#position).catch(() => {});
      throw error;
    }
    this.#position += batch.length;
    this.#offset += recordCount;
  }

  async #sync(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#offset === this.#confirmedOffset) return;
    const place = { segment: this.#segment.baseOffset, position: this.#position, offset: this.#offset };
    try {
      await this.#segment.sync();
      await this.#confirmedFile.write(place);
    } catch (error) {
      // The kernel reports a failed fsync once and forgets the pages: trying again would seem to succeed.
      this.#failure = error;
      throw error;
    }
    this.#confirmedOffset = place.offset;
  }

  /** Begins the next segment. The one left is durable before: so only the last segment can have a torn tail. */
  async #roll(): Promise<void> {
    await this.#sync();
    try {
      const next = await Segment.open(this.#folder, this.#offset, "wx+");
      assert(next !== undefined, `the folder of ${segmentPath(this.#folder, this.#offset)} is there`);
      const left = this.#segment;
      this.#segment = next;
      this.#position = 0;
      await left.close();
      await syncFolder(this.#folder);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #inSyncOrder(work: () => Promise<void>): Promise<void> {
    const result = this.#syncs.then(work);
    this.#syncs = result.catch(() => {});
    return result;
  }
}
