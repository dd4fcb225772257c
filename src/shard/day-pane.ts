/**
 * The ratings of one day, as a list of additions: slot, count and sum. All that a pane is ever asked is to be added to
 * a running sum and taken away again, so a movie may be in it more than once, and what an epoch must note is the end
 * of the list. When the list is full, entries of one movie are joined before it grows: so it stays within twice its
 * movies.
 */
import type { ByteReader, ByteWriter } from "../byte-stream.ts";
import { release } from "../released.ts";
import { ENTRY_WORDS } from "./lane-memory.ts";

const FIRST_ENTRIES = 1024;
const JOIN_ENTRIES_MIN = 32 * 1024;
const INT32_MAX = 2 ** 31 - 1;

export class DayPane {
  readonly day: number;
  #entries: Int32Array;
  #length = 0;
  /** Length of the part of the list that is in the checkpoint. */
  #savedLength = 0;
  /** How long the list was when entries were last joined. */
  #joinedLength = 0;
  /** What is in the checkpoint is no longer the beginning of the list. */
  #rewritten = false;

  /** `retired`, a pane no longer in use, gives up its array: days come and go. */
  constructor(day: number, retired?: DayPane) {
    this.day = day;
    this.#entries = retired === undefined ? new Int32Array(FIRST_ENTRIES * ENTRY_WORDS) : retired.#entries;
  }

  /** Adds entries of slot, count and sum. */
  add(entries: Int32Array): void {
    this.#reserve(entries.length);
    this.#entries.set(entries, this.#length);
    this.#length += entries.length;
  }

  /** The additions, in order: a view, good until the next `add`. */
  entries(): Int32Array {
    return this.#entries.subarray(0, this.#length);
  }

  /** Whether there is anything that no epoch has noted. */
  get changed(): boolean {
    return this.#rewritten || this.#length > this.#savedLength;
  }

  /** Writes what no epoch has noted, or all. */
  write(out: ByteWriter, all: boolean): void {
    const whole = all || this.#rewritten;
    const start = whole ? 0 : this.#savedLength;
    out.varint(whole ? 1 : 0);
    out.varint((this.#length - start) / ENTRY_WORDS);
    out.varints(this.#entries, start, this.#length);
    this.#savedLength = this.#length;
    this.#rewritten = false;
  }

  /** Takes in what `write` wrote. */
  read(from: ByteReader): void {
    if (from.varint() === 1) this.#length = 0;
    const words = from.varint() * ENTRY_WORDS;
    this.#reserve(words);
    for (let left = words; left > 0; left--) this.#entries[this.#length++] = from.varint();
    this.#savedLength = this.#length;
    this.#rewritten = false;
  }

  #reserve(words: number): void {
    if (this.#length + words <= this.#entries.length) return;
    // Ratings in order give each movie one entry or two: what is joined early is joined for nothing.
    if (this.#length >= JOIN_ENTRIES_MIN * ENTRY_WORDS && this.#length > this.#joinedLength * 2) this.#join();
    const needed = this.#length + words;
    if (needed <= this.#entries.length && this.#length * 2 <= this.#entries.length) return;
    // By a quarter, not to twice as much: there is a pane for every day.
    const entries = this.#entries.length / ENTRY_WORDS;
    const grown = new Int32Array(Math.max(needed, (entries + (entries >> 2)) * ENTRY_WORDS));
    grown.set(this.#entries.subarray(0, this.#length));
    release(this.#entries);
    this.#entries = grown;
  }

  #join(): void {
    const entries = this.#entries;
    const placeOf = new Map<number, number>();
    let end = 0;
    for (let at = 0; at < this.#length; at += ENTRY_WORDS) {
      const slot = entries[at];
      const count = entries[at + 1];
      const sum = entries[at + 2];
      const place = placeOf.get(slot);
      // A sum beyond 32 bits begins another entry: the running sum has room for it.
      if (place !== undefined && entries[place + 1] + count <= INT32_MAX && entries[place + 2] + sum <= INT32_MAX) {
        entries[place + 1] += count;
        entries[place + 2] += sum;
        continue;
      }
      placeOf.set(slot, end);
      entries[end] = slot;
      entries[end + 1] = count;
      entries[end + 2] = sum;
      end += ENTRY_WORDS;
    }
    if (end < this.#length && this.#savedLength > 0) this.#rewritten = true;
    this.#length = end;
    this.#joinedLength = end;
  }
}
