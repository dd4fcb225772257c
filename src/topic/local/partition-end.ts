/**
 * The end of one embedded partition: up to where its batches are known to be whole, and up to where they are known to
 * be durable. Moves only forward, finding what a writer, in this process or another, has added. What lies past the
 * end, a batch half written or the torn tail of a crash, is as good as not there. Changes no file.
 */
import { stateError } from "../../errors.ts";
import { walkBatches } from "./batch-walk.ts";
import { type LogPlace, readConfirmedEnd } from "./confirmed-end.ts";
import { damagedSegment, listSegments, Segment, type SegmentState, segmentPath } from "./segment.ts";

/** Read at once while looking for whole batches; grown for a larger one. */
const SCAN_BYTES = 1024 * 1024;

export class PartitionEnd {
  readonly #folder: string;
  #segment: Segment;
  #place: LogPlace;
  #confirmedOffset: number;
  #scan: Uint8Array | undefined;
  /** How the segment's file was when nothing more was found in it: while it stays so, there is no need to look. */
  #exhausted: SegmentState | undefined;

  private constructor(folder: string, segment: Segment, place: LogPlace) {
    this.#folder = folder;
    this.#segment = segment;
    this.#place = place;
    this.#confirmedOffset = place.offset;
  }

  /** Stands at the confirmed end; `advance` goes on from there. Exit 4 where files, or parts of them, are gone. */
  static async open(folder: string): Promise<PartitionEnd> {
    // The confirmed end first: what the writer adds in between then only makes it older than it need be.
    const confirmed = await readConfirmedEnd(folder);
    const last = (await listSegments(folder)).at(-1) as number;
    if (confirmed !== undefined && confirmed.segment > last) throw missingSegment(folder, confirmed.segment);
    const segment = await openSegment(folder, last);
    // A segment is begun only when the one before it is durable, so the last one's start is confirmed in any case.
    const place = confirmed?.segment === last ? confirmed : { segment: last, position: 0, offset: last };
    const end = new PartitionEnd(folder, segment, place);
    try {
      await end.#checkLength();
    } catch (error) {
      await end.close();
      throw error;
    }
    return end;
  }

  /** Every batch before this place is whole. */
  get place(): LogPlace {
    return this.#place;
  }

  /** Every batch before this offset was made durable by its writer: a fault there is damage. */
  get confirmedOffset(): number {
    return this.#confirmedOffset;
  }

  /** Bytes of the last segment that are no whole batch: being written, or the torn tail of a crash. */
  async tornBytes(): Promise<number> {
    return (await this.#segment.state()).bytes - this.#place.position;
  }

  /**
   * Takes over what the writer has confirmed since. To be called before reading bytes that are to be trusted: those
   * before the end found here do not change any more.
   */
  async refresh(): Promise<void> {
    const confirmed = await readConfirmedEnd(this.#folder);
    if (confirmed === undefined || confirmed.offset <= this.#confirmedOffset) return;
    if (confirmed.segment !== this.#segment.baseOffset) {
      await this.#moveTo(await openSegment(this.#folder, confirmed.segment));
    }
    this.#confirmedOffset = confirmed.offset;
    if (confirmed.offset > this.#place.offset) this.#place = confirmed;
  }

  /** Notes that a reader found batches whole up to `place`. */
  raise(place: LogPlace): void {
    if (place.offset > this.#place.offset && place.segment === this.#segment.baseOffset) this.#place = place;
  }

  /** Looks for whole batches that were added; returns the offset after the last. */
  async advance(): Promise<number> {
    for (;;) {
      if (await this.#isExhausted()) {
        if (!(await this.enterNextSegment())) return this.#place.offset;
        continue;
      }
      await this.refresh();
      const state = await this.#checkLength();
      await this.#advanceInSegment();
      this.#exhausted = state;
    }
  }

  /** Goes on to the segment that begins where this one ends, once there is one; says whether it did. */
  async enterNextSegment(): Promise<boolean> {
    const { segment, offset } = this.#place;
    if (offset === segment) return false;
    const next = await Segment.open(this.#folder, offset, "r");
    if (next === undefined) return false;
    await this.#moveTo(next);
    this.#place = { segment: offset, position: 0, offset };
    this.#confirmedOffset = Math.max(this.#confirmedOffset, offset);
    return true;
  }

  /** All batches before the end are durable when this resolves. */
  async sync(): Promise<void> {
    // Only the last segment can hold anything that its writer has not made durable.
    await this.#segment.sync();
  }

  async close(): Promise<void> {
    await this.#segment.close();
  }

  async #isExhausted(): Promise<boolean> {
    if (this.#exhausted === undefined) return false;
    const { bytes, modifiedMs } = await this.#segment.state();
    return bytes === this.#exhausted.bytes && modifiedMs === this.#exhausted.modifiedMs;
  }

  async #advanceInSegment(): Promise<void> {
    this.#scan ??= new Uint8Array(SCAN_BYTES);
    for (;;) {
      const { segment, position, offset } = this.#place;
      const length = await this.#segment.read(this.#scan, 0, this.#scan.length, position);
      const walk = walkBatches(this.#scan, length, offset, offset);
      if (walk.end > 0) {
        this.raise({ segment, position: position + walk.end, offset: walk.nextOffset });
        continue;
      }
      if (walk.bytesWanted <= this.#scan.length) return;
      if ((await this.#segment.state()).bytes < position + walk.bytesWanted) return;
      this.#scan = new Uint8Array(walk.bytesWanted);
    }
  }

  async #moveTo(segment: Segment): Promise<void> {
    const left = this.#segment;
    this.#segment = segment;
    this.#exhausted = undefined;
    await left.close();
  }

  async #checkLength(): Promise<SegmentState> {
    const state = await this.#segment.state();
    const { position, offset } = this.#place;
    if (state.bytes < position) {
      throw damagedSegment(
        this.#segment.path,
        state.bytes,
        offset,
        `it was cut: batches stood there up to byte ${position}`,
      );
    }
    return state;
  }
}

/** Opens a segment for reading that has to be there. */
export async function openSegment(folder: string, baseOffset: number): Promise<Segment> {
  const segment = await Segment.open(folder, baseOffset, "r");
  if (segment === undefined) throw missingSegment(folder, baseOffset);
  return segment;
}

function missingSegment(folder: string, baseOffset: number): Error {
  return stateError(
    `the segment file ${segmentPath(folder, baseOffset)} is missing`,
    "restore it from a copy, or make the topic anew with `tidemark setup --drop` and send the ratings again",
  );
}
