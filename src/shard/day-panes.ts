/**
 * Windows of D days that slide by one day, x movie, kept as one pane a day and a running sum: the window that ends
 * with day e is the one before it, plus the pane of day e - 1, minus the pane of day e - 1 - D. So a rating is counted
 * once, not D times. Knows at any time which movies reach the least count; does not judge lateness.
 */
import type { ByteReader, ByteWriter } from "../byte-stream.ts";
import { assert } from "../errors.ts";
import { DayPane } from "./day-pane.ts";
import { RunningSum } from "./running-sum.ts";

export class DayPanes {
  readonly #windowDays: number;
  readonly #panes = new Map<number, DayPane>();
  readonly #running: RunningSum;
  /** The last pane removed: its array serves the next one. */
  #retired: DayPane | undefined;
  /** The running sum holds the panes of the days before this. */
  #runningEnd = Number.NEGATIVE_INFINITY;

  /** Windows of `windowDays` days; `countMin` is at least 1, since a window without ratings is no window. */
  constructor(windowDays: number, countMin: number) {
    assert(countMin >= 1, "a window has a rating");
    this.#windowDays = windowDays;
    this.#running = new RunningSum(countMin);
  }

  /** Adds entries of slot, count and sum to a day. */
  add(day: number, entries: Int32Array): void {
    this.#paneOf(day).add(entries);
    // The running sum has passed the day already: the ratings came out of order.
    if (day < this.#runningEnd) this.#running.add(entries);
  }

  /** End of the earliest window after `closedEnd` that holds a rating, or undefined where none does. */
  nextEnd(closedEnd: number): number | undefined {
    let end: number | undefined;
    for (const day of this.#panes.keys()) {
      // No window ends earlier than the one after the last closed.
      if (day <= closedEnd) return closedEnd + 1;
      if (end === undefined || day + 1 < end) end = day + 1;
    }
    return end;
  }

  /** End of the latest window that holds a rating, or undefined where none does. */
  latestEnd(): number | undefined {
    return this.#panes.size === 0 ? undefined : Math.max(...this.#panes.keys()) + this.#windowDays;
  }

  /** Moves the running sum to the window that ends with `end`; no window before it may hold ratings still. */
  runTo(end: number): void {
    if (end <= this.#runningEnd) return;
    for (const [day, pane] of this.#panes) {
      assert(day >= end - this.#windowDays, "panes of closed windows are gone");
      if (day < this.#runningEnd || day >= end) continue;
      this.#running.add(pane.entries());
    }
    this.#runningEnd = end;
  }

  /** Slots whose running count is at least the least count and whose mean is at least `meanMin`, in no order. */
  slotsOver(meanMin: number): number[] {
    const running = this.#running;
    const { reaching } = running;
    const slots: number[] = [];
    for (let place = 0; place < reaching.length; place++) {
      const slot = reaching[place];
      if (running.sumOf(slot) / running.countOf(slot) >= meanMin) slots.push(slot);
    }
    return slots;
  }

  runningCount(slot: number): number {
    return this.#running.countOf(slot);
  }

  runningSum(slot: number): number {
    return this.#running.sumOf(slot);
  }

  /** The window that ends with `end` is closed: its first day belongs to no open window. */
  retire(end: number): void {
    for (const [day, pane] of this.#panes) {
      if (day > end - this.#windowDays) continue;
      if (day < this.#runningEnd) this.#running.takeAway(pane.entries());
      this.#panes.delete(day);
      this.#retired = pane;
    }
  }

  /** Writes what changed since the last epoch, or all; from here on nothing has changed. */
  write(out: ByteWriter, all: boolean): void {
    const panes = [...this.#panes.values()].filter((pane) => all || pane.changed);
    out.varint(panes.length);
    for (const pane of panes) {
      out.signed(pane.day);
      pane.write(out, all);
    }
  }

  /** Takes in what `write` wrote; the running sum starts over with the next `runTo`. */
  read(from: ByteReader): void {
    for (let left = from.varint(); left > 0; left--) this.#paneOf(from.signed()).read(from);
  }

  /** The pane of a day, made when missing. */
  #paneOf(day: number): DayPane {
    let pane = this.#panes.get(day);
    if (pane === undefined) {
      pane = new DayPane(day, this.#retired);
      this.#retired = undefined;
      this.#panes.set(day, pane);
    }
    return pane;
  }
}
