/**
 * The movies that a shard has counted: each gets a slot, a small number that indexes the dense arrays of windows and
 * day panes. Slots are given in order of first appearance and kept for good. Holds each movie's title too, as the
 * results show it, and asks the shard's surroundings for those. Knows nothing of limits: the shard asks `count` before
 * it adds.
 */
import type { ByteReader, ByteWriter } from "../byte-stream.ts";
import { assert } from "../errors.ts";
import { cutTitle, TITLE_CHARACTERS_MAX } from "../titles/titles.ts";
import type { ShardSurroundings } from "./shard-surroundings.ts";

/** Ids below this are looked up in an array (4 MB at most), all others in a map. */
const DIRECT_IDS_MAX = 1 << 20;
const FIRST_IDS = 1 << 15;
/** An id of 31 bits and a slot below this fit a double's 53. */
const KEY_SLOTS = 2 ** 21;
/** From this share of the table of ids on, a walk through all of it is faster than sorting. */
const DENSE_IDS_A_SLOT = 8;

export class Movies {
  #slotOfId = new Int32Array(FIRST_IDS).fill(-1);
  readonly #slotOfLargeId = new Map<number, number>();
  readonly #idOfSlot: number[] = [];
  readonly #titleOfSlot: (string | undefined)[] = [];
  /** As the result table has them: the titles that do not fit its column. */
  readonly #cutTitleOfSlot = new Map<number, string>();
  readonly #untitled = new Set<number>();
  /** What `inIdOrder` works in: a new array for each closing would stay as garbage for long. */
  #keys = new Float64Array(0);
  /** Slots below this are in the checkpoint. */
  #savedCount = 0;
  readonly #changedTitles = new Set<number>();

  get count(): number {
    return this.#idOfSlot.length;
  }

  /** The movie's slot, or -1 where it was never added. */
  slotOf(movieId: number): number {
    if (movieId < this.#slotOfId.length) return this.#slotOfId[movieId];
    return movieId < DIRECT_IDS_MAX ? -1 : (this.#slotOfLargeId.get(movieId) ?? -1);
  }

  idOf(slot: number): number {
    return this.#idOfSlot[slot];
  }

  /** The movie's title, or undefined where it has none: then it is left out of the results. */
  titleOf(slot: number): string | undefined {
    return this.#titleOfSlot[slot];
  }

  /** The same, cut to the width of the result table's column. */
  rowTitleOf(slot: number): string | undefined {
    const title = this.#titleOfSlot[slot];
    return this.#cutTitleOfSlot.size === 0 ? title : (this.#cutTitleOfSlot.get(slot) ?? title);
  }

  /** Slots of the movies without a title. */
  get untitled(): ReadonlySet<number> {
    return this.#untitled;
  }

  /** Gives a new movie the next slot. */
  add(movieId: number, title: string | undefined): number {
    const slot = this.#idOfSlot.length;
    if (movieId < DIRECT_IDS_MAX) {
      if (movieId >= this.#slotOfId.length) this.#growDirect(movieId);
      assert(this.#slotOfId[movieId] === -1, "a movie has one slot");
      this.#slotOfId[movieId] = slot;
    } else {
      this.#slotOfLargeId.set(movieId, slot);
    }
    this.#idOfSlot.push(movieId);
    this.#setTitle(slot, title);
    return slot;
  }

  /** Gives a movie that was met for the first time the next slot, and the title that it has now. */
  admit(movieId: number, surroundings: ShardSurroundings): number {
    surroundings.claimMovie(movieId);
    return this.add(movieId, surroundings.titleOf(movieId));
  }

  /**
   * The same for those that the lane gave slots, up to, not including, `end`: their ids by slot. One loop, as all
   * movies of the real set come with the first megabytes, before small functions are compiled.
   */
  admitGiven(givenTo: Int32Array, end: number, surroundings: ShardSurroundings): void {
    for (let slot = this.count; slot < end; slot++) {
      const movieId = givenTo[slot];
      assert(movieId < DIRECT_IDS_MAX, "the lane leaves large ids alone");
      if (movieId >= this.#slotOfId.length) this.#growDirect(movieId);
      surroundings.claimMovie(movieId);
      assert(this.#slotOfId[movieId] === -1, "a movie has one slot");
      this.#slotOfId[movieId] = slot;
      this.#idOfSlot.push(movieId);
      const title = surroundings.titleOf(movieId);
      if (title !== undefined && title.length <= TITLE_CHARACTERS_MAX) this.#titleOfSlot.push(title);
      else this.#setTitle(slot, title);
    }
  }

  /** The movies that have another title now, or one at last. */
  *newTitles(surroundings: ShardSurroundings): Generator<{ slot: number; title: string }> {
    for (let slot = 0; slot < this.count; slot++) {
      const title = surroundings.titleOf(this.idOf(slot));
      if (title !== undefined && title !== this.titleOf(slot)) yield { slot, title };
    }
  }

  /** Sets the title of a movie that had none or another; the next epoch notes it. */
  retitle(slot: number, title: string): void {
    this.#setTitle(slot, title);
    if (slot < this.#savedCount) this.#changedTitles.add(slot);
  }

  /** The slots sorted by movie id: the order in which results are handed out. Good until the next call. */
  inIdOrder(slots: ArrayLike<number>): ArrayLike<number> {
    return slots.length * DENSE_IDS_A_SLOT >= this.#slotOfId.length ? this.#byWalk(slots) : this.#byKey(slots);
  }

  #byKey(slots: ArrayLike<number>): ArrayLike<number> {
    if (this.count > KEY_SLOTS) return Array.from(slots).sort((a, b) => this.#idOfSlot[a] - this.#idOfSlot[b]);
    if (this.#keys.length < slots.length) this.#keys = new Float64Array(slots.length);
    // One number a movie, id before slot, for numbers sort five times as fast as by a comparing function.
    const keys = this.#keys.subarray(0, slots.length);
    for (let at = 0; at < keys.length; at++) keys[at] = this.#idOfSlot[slots[at]] * KEY_SLOTS + slots[at];
    keys.sort();
    for (let at = 0; at < keys.length; at++) keys[at] %= KEY_SLOTS;
    return keys;
  }

  /** Of many movies: a walk through the table of ids, which has their order, then those too large for it. */
  #byWalk(slots: ArrayLike<number>): ArrayLike<number> {
    const isWanted = new Uint8Array(this.count);
    const large: number[] = [];
    for (let at = 0; at < slots.length; at++) {
      isWanted[slots[at]] = 1;
      if (this.#idOfSlot[slots[at]] >= DIRECT_IDS_MAX) large.push(slots[at]);
    }
    const sorted = new Int32Array(slots.length);
    const slotOfId = this.#slotOfId;
    let length = 0;
    for (let id = 0; id < slotOfId.length; id++) {
      const slot = slotOfId[id];
      if (slot >= 0 && isWanted[slot] === 1) sorted[length++] = slot;
    }
    sorted.set(this.#byKey(large), length);
    return sorted;
  }

  /** Writes the movies and titles that no epoch has noted yet, or all. */
  write(out: ByteWriter, all: boolean): void {
    const first = all ? 0 : this.#savedCount;
    out.varint(first);
    out.varint(this.count - first);
    for (let slot = first; slot < this.count; slot++) {
      out.varint(this.#idOfSlot[slot]);
      this.#writeTitle(out, slot);
    }
    const changed = all ? [] : [...this.#changedTitles];
    out.varint(changed.length);
    for (const slot of changed) {
      out.varint(slot);
      this.#writeTitle(out, slot);
    }
    this.#savedCount = this.count;
    this.#changedTitles.clear();
  }

  /** Takes in what `write` wrote. */
  read(from: ByteReader): void {
    const first = from.varint();
    assert(first === this.count, "movies follow on those known");
    for (let left = from.varint(); left > 0; left--) this.add(from.varint(), readTitle(from));
    for (let left = from.varint(); left > 0; left--) {
      const slot = from.varint();
      assert(slot < this.count, "a new title is for a movie known");
      this.#setTitle(slot, readTitle(from));
    }
    this.#savedCount = this.count;
  }

  #setTitle(slot: number, title: string | undefined): void {
    this.#titleOfSlot[slot] = title;
    // Nearly always there is nothing to delete, and a look at the size costs less.
    if (title === undefined) this.#untitled.add(slot);
    else if (this.#untitled.size > 0) this.#untitled.delete(slot);
    const cut = title === undefined ? title : cutTitle(title);
    if (cut !== undefined && cut !== title) this.#cutTitleOfSlot.set(slot, cut);
    else if (this.#cutTitleOfSlot.size > 0) this.#cutTitleOfSlot.delete(slot);
  }

  #writeTitle(out: ByteWriter, slot: number): void {
    const title = this.#titleOfSlot[slot];
    out.varint(title === undefined ? 0 : 1);
    if (title !== undefined) out.text(title);
  }

  #growDirect(movieId: number): void {
    const grown = new Int32Array(Math.min(DIRECT_IDS_MAX, 2 ** Math.ceil(Math.log2(movieId + 1)))).fill(-1);
    grown.set(this.#slotOfId);
    this.#slotOfId = grown;
  }
}

function readTitle(from: ByteReader): string | undefined {
  return from.varint() === 1 ? from.text() : undefined;
}
