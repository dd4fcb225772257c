/**
 * Reads one embedded partition: whole batches in offset order, straight from the file into two buffers that take turns.
 * Remembers where the last read ended, so reading on costs no search. Checks the CRC of those batches only that no
 * writer has confirmed yet: they may be half written, or the torn tail of a crash, and are then not there.
 */
import { stateError } from "../../errors.ts";
import type { Bounds, Slice } from "../contract.ts";
import { findBatch, walkBatches } from "./batch-walk.ts";
import { openSegment, PartitionEnd } from "./partition-end.ts";
import { damagedSegment, listSegments, Segment } from "./segment.ts";

const NOTHING = new Uint8Array(0);

export class PartitionReader {
  readonly #name: string;
  readonly #folder: string;
  readonly #end: PartitionEnd;
  /** Where the next read goes on: a batch with base offset `#offset` begins at `#position`, or will. */
  #segment: Segment | undefined;
  #position = 0;
  #offset = -1;
  #buffers: [Uint8Array, Uint8Array] = [NOTHING, NOTHING];
  #turn: 0 | 1 = 0;
  /** The offset after the last batch that was handed out. */
  #handedOut = 0;
  #synced = 0;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(name: string, folder: string, end: PartitionEnd) {
    this.#name = name;
    this.#folder = folder;
    this.#end = end;
  }

  /** `name` is what messages call the partition. */
  static async open(name: string, folder: string): Promise<PartitionReader> {
    return new PartitionReader(name, folder, await PartitionEnd.open(folder));
  }

  bounds(): Promise<Bounds> {
    return this.#inOrder(async () => {
      const end = await this.#end.advance();
      const [start] = await listSegments(this.#folder);
      return { start, end };
    });
  }

  /** See `TopicReader.read`. */
  read(offset: number, maxBytes: number): Promise<Slice> {
    return this.#inOrder(async () => {
      const segment = this.#segment !== undefined && offset === this.#offset ? this.#segment : await this.#seek(offset);
      return this.#readOn(segment, offset, maxBytes);
    });
  }

  /** Whether a whole batch reaches beyond `offset` by now. */
  hasMoreThan(offset: number): Promise<boolean> {
    return this.#inOrder(async () => (await this.#end.advance()) > offset);
  }

  /** All batches that were handed out are durable when this resolves. */
  sync(): Promise<void> {
    return this.#inOrder(async () => {
      const handedOut = this.#handedOut;
      if (handedOut > this.#end.confirmedOffset) await this.#end.refresh();
      if (handedOut <= Math.max(this.#end.confirmedOffset, this.#synced)) return;
      await this.#end.sync();
      this.#synced = handedOut;
    });
  }

  close(): Promise<void> {
    return this.#inOrder(async () => {
      await this.#segment?.close();
      this.#segment = undefined;
      await this.#end.close();
    });
  }

  async #readOn(from: Segment, offset: number, maxBytes: number): Promise<Slice> {
    let segment = from;
    let bytesWanted = maxBytes;
    for (;;) {
      // Before the bytes are read: what is trusted must have been whole already.
      if (this.#mayReachEnd(segment, bytesWanted)) await this.#end.refresh();
      const buffer = this.#buffer(bytesWanted);
      const length = await segment.read(buffer, 0, bytesWanted, this.#position);
      const walk = walkBatches(buffer, length, this.#offset, this.#end.place.offset);
      if (walk.end > 0) return this.#handOut(segment, buffer.subarray(0, walk.end), walk.nextOffset);
      if (walk.bytesWanted > bytesWanted && (await this.#bytesLeft(segment)) >= walk.bytesWanted) {
        bytesWanted = walk.bytesWanted;
        continue;
      }
      const fault = walk.fault ?? (length > 0 ? "the file ends within a batch" : undefined);
      if (fault !== undefined && this.#offset < this.#end.confirmedOffset) {
        throw damagedSegment(segment.path, this.#position, this.#offset, fault);
      }
      const next = length === 0 ? await this.#nextSegment(segment) : undefined;
      if (next === undefined) return { bytes: NOTHING, nextOffset: offset };
      segment = next;
      bytesWanted = maxBytes;
    }
  }

  #handOut(segment: Segment, bytes: Uint8Array, nextOffset: number): Slice {
    this.#turn = this.#turn === 0 ? 1 : 0;
    this.#position += bytes.length;
    this.#offset = nextOffset;
    this.#handedOut = Math.max(this.#handedOut, nextOffset);
    this.#end.raise({ segment: segment.baseOffset, position: this.#position, offset: nextOffset });
    return { bytes, nextOffset };
  }

  #mayReachEnd(segment: Segment, bytes: number): boolean {
    const end = this.#end.place;
    return segment.baseOffset === end.segment && this.#position + bytes > end.position;
  }

  async #bytesLeft(segment: Segment): Promise<number> {
    return (await segment.state()).bytes - this.#position;
  }

  /** The buffer whose turn it is: the other one still holds what the last read gave. */
  #buffer(bytes: number): Uint8Array {
    const buffer = this.#buffers[this.#turn];
    if (buffer.length >= bytes) return buffer;
    const grown = new Uint8Array(bytes);
    this.#buffers[this.#turn] = grown;
    return grown;
  }

  async #seek(offset: number): Promise<Segment> {
    if (offset > this.#end.place.offset) await this.#end.advance();
    const end = this.#end.place;
    if (offset > end.offset) throw this.#outside(offset, `it ends at ${end.offset}`);
    if (offset === end.offset)
      return this.#goTo(await openSegment(this.#folder, end.segment), end.position, end.offset);

    const baseOffsets = await listSegments(this.#folder);
    const found = baseOffsets.findLast((baseOffset) => baseOffset <= offset);
    if (found === undefined) throw this.#outside(offset, `it starts at ${baseOffsets[0]}`);
    const segment = await openSegment(this.#folder, found);
    try {
      const batch = await findBatch(segment, offset);
      return await this.#goTo(segment, batch.position, batch.baseOffset);
    } catch (error) {
      await segment.close();
      throw error;
    }
  }

  /** At the end of a segment: the next one, begun by the writer, or undefined while there is none. */
  async #nextSegment(segment: Segment): Promise<Segment | undefined> {
    const isLast = segment.baseOffset === this.#end.place.segment;
    if (isLast && this.#offset === this.#end.place.offset && !(await this.#end.enterNextSegment())) {
      await segment.state(); // Fails where the topic was removed.
      return undefined;
    }
    const next = this.#offset > segment.baseOffset ? await Segment.open(this.#folder, this.#offset, "r") : undefined;
    if (next !== undefined) return this.#goTo(next, 0, this.#offset);
    const fault = "the file ends too early, or the segment file that follows is missing";
    throw damagedSegment(segment.path, this.#position, this.#offset, fault);
  }

  async #goTo(segment: Segment, position: number, offset: number): Promise<Segment> {
    const left = this.#segment;
    this.#segment = segment;
    this.#position = position;
    this.#offset = offset;
    await left?.close();
    return segment;
  }

  #outside(offset: number, where: string): Error {
    return stateError(
      `${this.#name} does not hold offset ${offset}: ${where}, so the topic was replaced or cut`,
      "name the home and topic that were read before, or start over with `tidemark process --rebuild`",
    );
  }

  /** One call at a time: they share the place to read on and the file's end. */
  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }
}
