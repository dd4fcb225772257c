/**
 * The 30-day tumbling windows of a shard, aligned to 1970-01-01 UTC, x movie: count, sum and the set of distinct
 * rating values, in dense arrays indexed by a movie's slot. Keeps track of what changed since the last epoch. Does not
 * judge lateness: who adds has asked the watermark.
 */
import type { ByteReader, ByteWriter } from "../byte-stream.ts";
import { assert, stateError } from "../errors.ts";
import { release } from "../released.ts";
import type { DayRatings } from "./day-run.ts";
import { ENTRY_WORDS } from "./lane-memory.ts";

export const WINDOW_DAYS = 30;

/** A cell is three words: ratings counted, their sum, a bit for each rating value seen. */
const CELL_WORDS = 3;
const DISTINCT_MASK = 0x7ff;
// In the third word: the cell changed since the last epoch; it was in an epoch before. Not in the checkpoint, which
// holds what has been in an epoch.
const CHANGED = 1 << 30;
const KNOWN = 1 << 29;
const FIRST_SLOTS = 1024;
const NO_SLOTS = new Int32Array(0);
/** Cells are written many at once, which is three times as fast: here their words are put together. */
const CELLS_AT_ONCE = 1024;
const WRITTEN = new Int32Array(CELLS_AT_ONCE * (CELL_WORDS + 1));
/** What the result table's columns hold. */
export const INTEGER_MAX = 2 ** 31 - 1;

/** Index of the window that holds a day; floor division, so that days before 1970 fall right. */
export function windowIndexOf(day: number): number {
  return Math.floor(day / WINDOW_DAYS);
}

/** First day after a window. */
export function windowEndDay(index: number): number {
  return (index + 1) * WINDOW_DAYS;
}

/** One tumbling window. */
export class TumblingWindow {
  readonly index: number;
  /** A typed array, as an empty list becomes another kind of list with its first number, which compiles `add` twice. */
  #changedSlots = NO_SLOTS;
  #changedCount = 0;
  #cells: Int32Array;

  /** `retired`, a window no longer in use, gives up its arrays: windows come and go. */
  constructor(index: number, slots: number, retired?: TumblingWindow) {
    this.index = index;
    this.#cells = retired === undefined ? new Int32Array(slots * CELL_WORDS) : retired.#cells.fill(0);
  }

  /** Slots of the cells that changed since the last epoch, each once. */
  get changedSlots(): Int32Array {
    return this.#changedSlots.subarray(0, this.#changedCount);
  }

  get changedCount(): number {
    return this.#changedCount;
  }

  get slotsMax(): number {
    return this.#cells.length / CELL_WORDS;
  }

  /** Adds ratings of a day. A count or sum beyond INTEGER is exit 4; movies before that one are added. */
  add({ entries, values }: DayRatings): void {
    let cells = this.#cells;
    const changed = this.#roomForChanged(values.length);
    let changedCount = this.#changedCount;
    for (let movie = 0, entry = 0; movie < values.length; movie++, entry += ENTRY_WORDS) {
      const slot = entries[entry];
      const at = slot * CELL_WORDS;
      if (at >= cells.length) cells = this.#grow(slot);
      const seen = cells[at + 2];
      const count = cells[at] + entries[entry + 1];
      const sum = cells[at + 1] + entries[entry + 2];
      if (count > INTEGER_MAX || sum > INTEGER_MAX) {
        this.#changedCount = changedCount;
        throw this.#beyondInteger();
      }
      if (seen < CHANGED) changed[changedCount++] = slot;
      cells[at] = count;
      cells[at + 1] = sum;
      cells[at + 2] = seen | CHANGED | values[movie];
    }
    this.#changedCount = changedCount;
  }

  /** Marks a cell as changed although its figures are not. */
  touch(slot: number): void {
    const at = slot * CELL_WORDS;
    if (this.countOf(slot) === 0 || this.#cells[at + 2] >= CHANGED) return;
    this.#cells[at + 2] |= CHANGED;
    this.#roomForChanged(1)[this.#changedCount++] = slot;
  }

  countOf(slot: number): number {
    const at = slot * CELL_WORDS;
    return at < this.#cells.length ? this.#cells[at] : 0;
  }

  sumOf(slot: number): number {
    return this.#cells[slot * CELL_WORDS + 1];
  }

  distinctOf(slot: number): number {
    let left = this.#cells[slot * CELL_WORDS + 2] & DISTINCT_MASK;
    let count = 0;
    for (; left !== 0; left &= left - 1) count++;
    return count;
  }

  /** Whether no epoch had this cell yet: then no table can have its row. */
  isNew(slot: number): boolean {
    return (this.#cells[slot * CELL_WORDS + 2] & KNOWN) === 0;
  }

  /** Slots with at least one rating, in slot order. */
  filledSlots(): Int32Array {
    const slots = new Int32Array(this.#filledCount());
    let length = 0;
    for (let slot = 0; slot < this.slotsMax; slot++) if (this.countOf(slot) !== 0) slots[length++] = slot;
    return slots;
  }

  /** From here on nothing has changed. */
  settle(): void {
    for (let place = 0; place < this.#changedCount; place++) {
      const at = this.#changedSlots[place] * CELL_WORDS + 2;
      this.#cells[at] = (this.#cells[at] & ~CHANGED) | KNOWN;
    }
    // Its memory is given back: mode A has many windows.
    if (this.#changedSlots !== NO_SLOTS) release(this.#changedSlots);
    this.#changedSlots = NO_SLOTS;
    this.#changedCount = 0;
  }

  /** Writes the cells that changed since the last epoch, or all that hold a rating. */
  write(out: ByteWriter, all: boolean): void {
    const slots = all ? this.filledSlots() : this.changedSlots;
    out.varint(slots.length);
    for (let first = 0; first < slots.length; first += CELLS_AT_ONCE) {
      const end = Math.min(slots.length, first + CELLS_AT_ONCE);
      let length = 0;
      for (let place = first; place < end; place++) {
        const at = slots[place] * CELL_WORDS;
        WRITTEN[length++] = slots[place];
        WRITTEN[length++] = this.#cells[at];
        WRITTEN[length++] = this.#cells[at + 1];
        WRITTEN[length++] = this.#cells[at + 2] & DISTINCT_MASK;
      }
      out.varints(WRITTEN, 0, length);
    }
    // Mode A has many windows.
    if (all) release(slots);
  }

  read(from: ByteReader): void {
    for (let left = from.varint(); left > 0; left--) {
      const slot = from.varint();
      const at = slot * CELL_WORDS;
      if (at >= this.#cells.length) this.#grow(slot);
      for (let word = 0; word < 3; word++) this.#cells[at + word] = from.varint();
      this.#cells[at + 2] |= KNOWN;
    }
  }

  /** The list of changed slots, with room for so many more. */
  #roomForChanged(more: number): Int32Array {
    const wanted = this.#changedCount + more;
    const before = this.#changedSlots;
    if (wanted <= before.length) return before;
    this.#changedSlots = new Int32Array(Math.max(wanted, before.length * 2));
    this.#changedSlots.set(before);
    if (before !== NO_SLOTS) release(before);
    return this.#changedSlots;
  }

  #filledCount(): number {
    let count = 0;
    for (let slot = 0; slot < this.slotsMax; slot++) if (this.countOf(slot) !== 0) count++;
    return count;
  }

  #beyondInteger(): Error {
    return stateError(
      `a count or sum of the window that starts at day ${this.index * WINDOW_DAYS} is beyond INTEGER (2147483647)`,
      "the result table cannot hold it; nothing of this epoch was written",
    );
  }

  #grow(slot: number): Int32Array {
    // By a quarter, not to twice as much: mode A keeps many windows, all as wide as the widest.
    const slots = Math.max(this.slotsMax + (this.slotsMax >> 2), slot + 1);
    const grown = new Int32Array(slots * CELL_WORDS);
    grown.set(this.#cells);
    release(this.#cells);
    this.#cells = grown;
    return grown;
  }
}

/** The open windows of a shard. */
export class WindowStore {
  readonly #windows = new Map<number, TumblingWindow>();
  /** The last window closed: its arrays serve the next one. */
  #retired: TumblingWindow | undefined;

  get count(): number {
    return this.#windows.size;
  }

  get(index: number): TumblingWindow | undefined {
    return this.#windows.get(index);
  }

  open(index: number): TumblingWindow {
    assert(!this.#windows.has(index), "a window is opened once");
    // As wide as its predecessors grew, so that it seldom grows itself.
    const slots = Math.max(FIRST_SLOTS, ...[...this.#windows.values()].map((window) => window.slotsMax));
    const window = new TumblingWindow(index, slots, this.#retired);
    this.#retired = undefined;
    this.#windows.set(index, window);
    return window;
  }

  drop(index: number): void {
    this.#retired = this.#windows.get(index);
    this.#windows.delete(index);
  }

  /** Index of the oldest open window, or undefined where none is open. */
  firstIndex(): number | undefined {
    let first: number | undefined;
    for (const index of this.#windows.keys()) if (first === undefined || index < first) first = index;
    return first;
  }

  /** End day of the newest open window, or undefined where none is open. */
  latestEnd(): number | undefined {
    return this.#windows.size === 0 ? undefined : windowEndDay(Math.max(...this.#windows.keys()));
  }

  /** The open windows, oldest first. */
  inOrder(): TumblingWindow[] {
    return [...this.#windows.values()].sort((a, b) => a.index - b.index);
  }

  /** Marks a movie's cells as changed, whatever window they are in: it got another title. */
  touch(slot: number): void {
    for (const window of this.#windows.values()) window.touch(slot);
  }

  /** Cells that changed since the last epoch. */
  get changedCells(): number {
    let cells = 0;
    for (const window of this.#windows.values()) cells += window.changedCount;
    return cells;
  }

  /** Writes the cells that changed since the last epoch, or all; from here on nothing has changed. */
  write(out: ByteWriter, all: boolean): void {
    const windows = this.inOrder().filter((window) => all || window.changedCount > 0);
    out.varint(windows.length);
    for (const window of windows) {
      out.signed(window.index);
      window.write(out, all);
      window.settle();
    }
  }

  /** Takes in what `write` wrote, over what is there. */
  read(from: ByteReader): void {
    for (let left = from.varint(); left > 0; left--) {
      const index = from.signed();
      (this.get(index) ?? this.open(index)).read(from);
    }
  }
}
