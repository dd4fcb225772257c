/**
 * A shard: one partition of the ratings topic, with its next offset, its watermark, its windows and its totals. Takes
 * raw record batches in, one rating at a time in offset order, and hands out epochs. Pure: no I/O, no clock; the same
 * ratings give the same results in whatever slices they come.
 */
import { type ByteReader, ByteWriter } from "../byte-stream.ts";
import { MS_PER_DAY } from "../calendar.ts";
import type { EpochContents, RejectReason } from "../epoch.ts";
import { assert } from "../errors.ts";
import { Closing } from "./closing.ts";
import { DayPanes } from "./day-panes.ts";
import { DayRun } from "./day-run.ts";
import { EpochOutputs } from "./epoch-outputs.ts";
import { LaneMemory } from "./lane-memory.ts";
import { Movies } from "./movies.ts";
import { RatingParser } from "./rating.ts";
import type { ShardRules } from "./shard-rules.ts";
import type { ShardSurroundings } from "./shard-surroundings.ts";
import { type LastBatch, SliceWalk } from "./slice-walk.ts";
import { Totals } from "./totals.ts";
import { Watermark } from "./watermark.ts";
import { WindowStore, windowEndDay, windowIndexOf } from "./window-store.ts";

export class Shard {
  readonly partition: number;
  readonly totals = new Totals();
  readonly movies = new Movies();

  readonly #rules: ShardRules;
  readonly #surroundings: ShardSurroundings;
  readonly #watermark = new Watermark();
  readonly #windows = new WindowStore();
  readonly #panes: DayPanes;
  readonly #outputs: EpochOutputs;
  readonly #closing: Closing;
  readonly #parser = new RatingParser();
  readonly #walk: SliceWalk;

  #nextOffset = 0;
  /** The walk stands on a rating not counted yet: closing windows for it filled the outputs, or it opens a window. */
  #ratingWaits = false;
  /** A closing filled the outputs, or was under way when the last process ended. */
  #closingWaits = true;
  #changed = false;
  /** A little more than the last epoch's changed state took: room for the next. */
  #stateBytes = 1024;

  // What holds for the event time at hand, worked out when it changes: dates come in long runs.
  #turnedTo = Number.NaN;
  #countsInWindow = false;
  #countsInPane = false;
  #partlyLate = false;
  #windowTooMany = false;
  /** Ratings of `#runDay`, not yet in its window and pane; empty when an epoch is taken or windows are closed. */
  readonly #run: DayRun;
  #runDay = 0;

  constructor(partition: number, rules: ShardRules, surroundings: ShardSurroundings) {
    this.partition = partition;
    this.#rules = rules;
    this.#surroundings = surroundings;
    const { onCorrupt } = surroundings;
    const passCorrupt = ({ baseOffset, lastOffset }: { baseOffset: number; lastOffset: number }) => {
      this.totals.corruptBatches++;
      onCorrupt?.(partition, baseOffset, lastOffset);
    };
    const memory = new LaneMemory();
    this.#walk = new SliceWalk(`the ratings topic, partition ${partition},`, onCorrupt && passCorrupt, memory);
    this.#run = new DayRun(memory);
    this.#panes = new DayPanes(rules.anomalyDays, Math.max(1, rules.anomalyMinCount));
    this.#outputs = new EpochOutputs(surroundings.alreadyOut, surroundings.outputsMax);
    this.#closing = new Closing(rules, this.movies, this.#windows, this.#panes, this.#outputs);
  }

  /** Next offset of the ratings topic. */
  get offset(): number {
    return this.#nextOffset;
  }

  get watermarkMs(): number {
    return this.#watermark.timeMs;
  }

  /** Every window that ends on this day or before is closed. */
  get closedEnd(): number {
    return this.#closing.closedEnd;
  }

  /** Whether anything happened since the last epoch, outputs of a closing that a restart goes on with included. */
  get changed(): boolean {
    return this.#changed || !this.#outputs.empty;
  }

  /** Rows that the epoch would write if it were taken now. */
  get pendingRows(): number {
    return this.#outputs.rows.length + (this.#rules.mode === "A" ? this.#windows.changedCells : 0);
  }

  /** Results left out so far because their movie has no title. */
  get untitled(): number {
    return this.#closing.untitled;
  }

  /** The batch that the last rating came from: tells a topic that was replaced. Undefined before the first. */
  get lastBatch(): LastBatch | undefined {
    return this.#walk.lastBatch;
  }

  /** Sets whole record batches to work on next, those from `endOffset` on left out; the slice before must be done. */
  load(slice: Uint8Array, endOffset = Number.POSITIVE_INFINITY): void {
    this.#walk.load(slice, endOffset);
  }

  /**
   * Works through the slice. False where the outputs are full, or where an epoch does best: take it, then call again.
   * Damage in the bytes is exit 4; everything before it is counted. Exit 4, but found late, are a count or sum beyond
   * INTEGER and a movie of another partition: the shard is then of no further use, and its last epoch is what holds.
   */
  work(): boolean {
    if (this.#closingWaits && !this.#close()) return false;
    while (this.#ratingWaits || this.#nextRating()) if (!this.#count()) return false;
    return true;
  }

  /** The topic holds nothing before this offset (control records, aborted batches). */
  skipTo(offset: number): void {
    if (offset <= this.#nextOffset) return;
    this.#nextOffset = offset;
    this.#changed = true;
  }

  /** Raises the watermark to the latest end of an open window. False as `work`. */
  drain(): boolean {
    this.#settleRun();
    const ends = [this.#panes.latestEnd(), this.#rules.mode === "C" ? this.#windows.latestEnd() : undefined];
    const latest = Math.max(...ends.map((end) => end ?? Number.NEGATIVE_INFINITY));
    return this.raiseWatermark(latest * MS_PER_DAY);
  }

  /** Raises the watermark to a time, closing what it passes. False as `work`. */
  raiseWatermark(timeMs: number): boolean {
    this.#settleRun();
    if (timeMs > this.#watermark.timeMs) {
      this.#watermark.raiseTo(timeMs);
      this.#changed = true;
    }
    return this.#close();
  }

  /**
   * Takes in titles as they are now: in mode A the rows of a movie with a new one are handed out anew. False where
   * there are `rowsMax` of them: take an epoch, then call again.
   */
  retitle(rowsMax: number): boolean {
    for (const { slot, title } of this.movies.newTitles(this.#surroundings)) {
      if (this.pendingRows >= rowsMax) return false;
      this.movies.retitle(slot, title);
      this.#changed = true;
      if (this.#rules.mode === "A") this.#windows.touch(slot);
    }
    return true;
  }

  /** Hands out the epoch: the outputs, and the state that changed since the last one, or all of it. */
  takeEpoch(all: boolean): EpochContents {
    this.#settleRun();
    if (this.#rules.mode === "A") this.#closing.handOutChanged();
    const out = new ByteWriter(this.#stateBytes);
    out.varint(this.#nextOffset);
    this.#walk.write(out);
    out.double(this.#watermark.timeMs);
    this.totals.write(out);
    this.#closing.write(out);
    this.movies.write(out, all);
    this.#windows.write(out, all);
    this.#panes.write(out, all);
    this.#changed = false;
    if (!all) this.#stateBytes = out.length + (out.length >> 2);
    return { offset: this.#nextOffset, state: out.pieces(), ...this.#outputs.take() };
  }

  /** Takes in the state of the next epoch in order: the checkpoint's way back. */
  restore(state: ByteReader): void {
    this.#nextOffset = state.varint();
    this.#walk.read(state);
    this.#watermark.raiseTo(state.double());
    this.totals.restore(state);
    this.#closing.read(state);
    this.movies.read(state);
    this.#run.knowAll(this.movies);
    this.#windows.read(state);
    this.#panes.read(state);
    this.#closing.dropClosed();
  }

  /** Moves to the next rating not yet passed; false at the end of the slice. */
  #nextRating(): boolean {
    if (this.#walk.next(this.#nextOffset)) return true;
    this.skipTo(this.#walk.passedOffset);
    return false;
  }

  /** Counts or rejects the rating at hand. False where the outputs are full. */
  #count(): boolean {
    const { cursor } = this.#walk;
    const parser = this.#parser;
    parser.attach(this.#walk.bytes);
    if (cursor.valueStart < 0 || !parser.parse(cursor.valueStart, cursor.valueEnd)) return this.#reject("malformed");
    const timeMs = parser.eventTimeMs;
    if (cursor.timestampMs >= 0 && timeMs > cursor.timestampMs + this.#rules.maxFutureMs) return this.#reject("future");
    if (timeMs !== this.#turnedTo && !this.#turn()) return false;
    if (!this.#countsInWindow && !this.#countsInPane) return this.#reject("late");
    if (this.#windowTooMany) return this.#reject("too-many-windows");
    let slot = this.movies.slotOf(parser.movieId);
    if (slot < 0) {
      if (this.movies.count >= this.#rules.maxMovies) return this.#reject("too-many-movies");
      slot = this.movies.admit(parser.movieId, this.#surroundings);
    }
    if (this.#run.full) this.#settleRun();
    this.#run.add(parser.movieId, slot, parser.rating);
    // What holds for this rating holds for all of its date that follow in the batch.
    const timestampMs = cursor.baseTimestampMs;
    const isInTime = timestampMs < 0 || timeMs <= timestampMs + this.#rules.maxFutureMs;
    if (isInTime && this.#walk.isInLane) {
      const given = this.#run.gather(cursor, this.#rules.maxMovies);
      if (given > this.movies.count) this.movies.admitGiven(this.#run.givenTo, given, this.#surroundings);
    }
    this.#passed();
    return true;
  }

  /** Puts the run of ratings at hand where they count. */
  #settleRun(): void {
    if (this.#run.empty) return;
    const taken = this.#run.take();
    const index = windowIndexOf(this.#runDay);
    if (this.#countsInWindow) (this.#windows.get(index) ?? this.#windows.open(index)).add(taken);
    if (this.#countsInPane) this.#panes.add(this.#runDay, taken.entries);
    this.totals.counted += taken.ratings;
    if (this.#partlyLate) this.totals.partlyLate += taken.ratings;
  }

  #reject(reason: RejectReason): boolean {
    this.#outputs.reject(this.#walk.cursor.offset, reason, this.#walk.value());
    this.totals.rejected[reason]++;
    this.#passed();
    return !this.#outputs.full;
  }

  #passed(): void {
    this.#nextOffset = this.#walk.cursor.offset + 1;
    this.#ratingWaits = false;
    this.#changed = true;
  }

  /**
   * Turns to the event time of the rating at hand: moves the watermark, closes what it passes, and works out where
   * ratings of this time count. False where an epoch is to be taken; the rating then waits.
   */
  #turn(): boolean {
    const { eventTimeMs, day } = this.#parser;
    if (this.#watermark.isMovedBy(eventTimeMs)) {
      this.#settleRun();
      this.#watermark.observe(eventTimeMs);
      this.#ratingWaits = true;
      if (!this.#close()) return false;
    }
    if (day === this.#runDay && !this.#run.empty) {
      this.#turnedTo = eventTimeMs;
      return true;
    }
    this.#settleRun();
    const index = windowIndexOf(day);
    const countsInWindow = windowEndDay(index) > this.#closing.tumblingClosedEnd;
    const needsWindow = countsInWindow && this.#windows.get(index) === undefined;
    const windowTooMany = needsWindow && this.#windows.count >= this.#rules.maxWindows;
    const opensWindow = needsWindow && !windowTooMany;
    if (opensWindow && this.#rules.mode === "A" && this.pendingRows >= this.#outputs.worthwhileRows) {
      this.#ratingWaits = true;
      return false;
    }
    this.#turnedTo = eventTimeMs;
    this.#runDay = day;
    this.#countsInWindow = countsInWindow;
    this.#countsInPane = day + this.#rules.anomalyDays > this.#watermark.day;
    // The first sliding window of a day ends with the next one.
    this.#partlyLate = !this.#countsInWindow || day + 1 <= this.#watermark.day;
    this.#windowTooMany = windowTooMany;
    return true;
  }

  /** Closes what the watermark has passed. False where the outputs are full. */
  #close(): boolean {
    assert(this.#run.empty, "windows are closed with all their ratings in them");
    this.#closingWaits = !this.#closing.run(this.#watermark.day);
    if (this.#closingWaits) return false;
    this.#turnedTo = Number.NaN;
    return true;
  }
}
