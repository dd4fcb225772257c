/**
 * Turns windows into results. As the watermark passes them it closes them: final rows of tumbling windows (mode C) and
 * anomalies of sliding windows (both modes), in the order of window end, then movie id. A closing may give more than
 * one epoch holds: it then stops, remembers where, and goes on after the epoch, or after a restart. Mode A's tumbling
 * windows are never final: it hands out their rows as they change, and forgets them when they are too old.
 */
import type { ByteReader, ByteWriter } from "../byte-stream.ts";
import { SECONDS_PER_DAY } from "../calendar.ts";
import type { DayPanes } from "./day-panes.ts";
import type { EpochOutputs } from "./epoch-outputs.ts";
import type { Movies } from "./movies.ts";
import type { ShardRules } from "./shard-rules.ts";
import { type TumblingWindow, WINDOW_DAYS, type WindowStore, windowEndDay } from "./window-store.ts";

const NEVER = Number.NEGATIVE_INFINITY;

export class Closing {
  /** Every window that ends on this day or before is closed, handed out and gone. */
  #closedEnd = NEVER;
  // The end under way: whether its tumbling window is done, and the last movie handed out.
  #end = NEVER;
  #tumblingDone = false;
  #afterMovieId = 0;
  /** Mode A: windows that end by this day are forgotten. Never moves back, whatever `retainDays` becomes. */
  #forgottenEnd = NEVER;
  /** Results left out for good, because their movie has no title. */
  #untitled = 0;

  readonly #rules: ShardRules;
  readonly #movies: Movies;
  readonly #windows: WindowStore;
  readonly #panes: DayPanes;
  readonly #outputs: EpochOutputs;

  constructor(rules: ShardRules, movies: Movies, windows: WindowStore, panes: DayPanes, outputs: EpochOutputs) {
    this.#rules = rules;
    this.#movies = movies;
    this.#windows = windows;
    this.#panes = panes;
    this.#outputs = outputs;
  }

  /** Every window that ends on this day or before is closed. */
  get closedEnd(): number {
    return this.#closedEnd;
  }

  /** Tumbling windows that end by this day take no ratings any more: they are final, or (mode A) forgotten. */
  get tumblingClosedEnd(): number {
    return this.#rules.mode === "C" ? this.#closedEnd : this.#forgottenEnd;
  }

  /** Closes and forgets all that the watermark has passed. False where the outputs are full: take them, call again. */
  run(watermarkDay: number): boolean {
    if (watermarkDay > this.#closedEnd) {
      for (let end = this.#nextEnd(); end !== undefined && end <= watermarkDay; end = this.#nextEnd()) {
        if (end !== this.#end) this.#begin(end);
        if (!this.#tumblingDone && !this.#closeTumbling(end)) return false;
        if (!this.#closeSliding(end)) return false;
        this.#panes.retire(end);
        this.#closedEnd = end;
      }
      this.#closedEnd = watermarkDay;
    }
    if (this.#rules.mode === "A") this.#forget(watermarkDay - this.#rules.retainDays);
    return true;
  }

  /** Results left out so far because their movie has no title; mode A's rows may still get one. */
  get untitled(): number {
    if (this.#rules.mode === "C") return this.#untitled;
    return this.#windows.inOrder().reduce((sum, window) => sum + this.#untitledIn(window), this.#untitled);
  }

  /** Mode A: hands out the rows that changed since the last epoch. */
  handOutChanged(): void {
    for (const window of this.#windows.inOrder()) this.#handOutChangedOf(window);
  }

  write(out: ByteWriter): void {
    out.double(this.#closedEnd);
    out.double(this.#forgottenEnd);
    out.double(this.#end);
    out.varint(this.#tumblingDone ? 1 : 0);
    out.varint(this.#afterMovieId);
    out.varint(this.#untitled);
  }

  /** Takes in what `write` wrote. */
  read(from: ByteReader): void {
    this.#closedEnd = from.double();
    this.#forgottenEnd = from.double();
    this.#end = from.double();
    this.#tumblingDone = from.varint() === 1;
    this.#afterMovieId = from.varint();
    this.#untitled = from.varint();
  }

  /** Drops from the stores, which were just read, what was closed when that was written. */
  dropClosed(): void {
    this.#panes.retire(this.#closedEnd);
    for (const { index } of this.#windows.inOrder()) {
      const end = windowEndDay(index);
      const handedOut = this.#rules.mode === "C" && end === this.#end && this.#tumblingDone;
      if (handedOut || end <= this.tumblingClosedEnd) this.#windows.drop(index);
    }
  }

  #forget(end: number): void {
    if (end > this.#forgottenEnd) this.#forgottenEnd = end;
    for (let first = this.#windows.firstIndex(); first !== undefined; first = this.#windows.firstIndex()) {
      if (windowEndDay(first) > this.#forgottenEnd) return;
      const window = this.#windows.get(first) as TumblingWindow;
      this.#handOutChangedOf(window);
      this.#untitled += this.#untitledIn(window);
      this.#windows.drop(first);
    }
  }

  #untitledIn(window: TumblingWindow): number {
    let untitled = 0;
    for (const slot of this.#movies.untitled) if (window.countOf(slot) !== 0) untitled++;
    return untitled;
  }

  #handOutChangedOf(window: TumblingWindow): void {
    this.#handOut(window, this.#movies.inIdOrder(window.changedSlots), Number.POSITIVE_INFINITY);
  }

  /** The earliest end after the last closed one at which any window holds a rating. */
  #nextEnd(): number | undefined {
    const sliding = this.#panes.nextEnd(this.#closedEnd);
    const tumbling = this.#rules.mode === "C" ? this.#windows.firstIndex() : undefined;
    if (tumbling === undefined) return sliding;
    return Math.min(windowEndDay(tumbling), sliding ?? Number.POSITIVE_INFINITY);
  }

  #begin(end: number): void {
    this.#end = end;
    this.#tumblingDone = false;
    this.#afterMovieId = 0;
  }

  #closeTumbling(end: number): boolean {
    const index = end / WINDOW_DAYS - 1;
    const window = this.#rules.mode === "C" ? this.#windows.get(index) : undefined;
    if (window !== undefined) {
      const slots = this.#movies.inIdOrder(this.#after(window.filledSlots()));
      const handedOut = this.#handOut(window, slots, this.#outputs.room);
      if (handedOut > 0) this.#afterMovieId = this.#movies.idOf(slots[handedOut - 1]);
      if (this.#outputs.full) return false;
      this.#windows.drop(index);
    }
    this.#tumblingDone = true;
    this.#afterMovieId = 0;
    return true;
  }

  #closeSliding(end: number): boolean {
    const panes = this.#panes;
    panes.runTo(end);
    const slots = this.#movies.inIdOrder(this.#after(panes.slotsOver(this.#rules.anomalyMinMean)));
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at];
      const movieId = this.#movies.idOf(slot);
      const title = this.#movies.titleOf(slot);
      this.#afterMovieId = movieId;
      if (title === undefined) {
        this.#untitled++;
        continue;
      }
      this.#outputs.addAnomaly({
        startDay: end - this.#rules.anomalyDays,
        endDay: end,
        movieId,
        title,
        count: panes.runningCount(slot),
        sum: panes.runningSum(slot),
      });
      if (this.#outputs.full) return false;
    }
    return true;
  }

  /**
   * Hands out the rows of a window's cells at these slots, those left out whose movie has no title, until there are
   * `rowsMax`; returns how many slots that took.
   */
  #handOut(window: TumblingWindow, slots: ArrayLike<number>, rowsMax: number): number {
    const { rows } = this.#outputs;
    const movies = this.#movies;
    // Mode C hands out a row once.
    const isFinal = this.#rules.mode === "C";
    const windowStart = window.index * WINDOW_DAYS * SECONDS_PER_DAY;
    const lengthMax = rows.length + rowsMax;
    let at = 0;
    for (; at < slots.length && rows.length < lengthMax; at++) {
      const slot = slots[at];
      const title = movies.rowTitleOf(slot);
      if (title === undefined) {
        // A row of mode A changes often, and counts once.
        if (isFinal) this.#untitled++;
        continue;
      }
      const movieId = movies.idOf(slot);
      const isNew = isFinal || window.isNew(slot);
      rows.add(windowStart, movieId, title, window.countOf(slot), window.sumOf(slot), window.distinctOf(slot), isNew);
    }
    return at;
  }

  /** Those slots whose movie was not handed out yet in the closing under way. */
  #after<Slots extends number[] | Int32Array>(slots: Slots): Slots {
    const after = this.#afterMovieId;
    return after === 0 ? slots : (slots.filter((slot) => this.#movies.idOf(slot) > after) as Slots);
  }
}
