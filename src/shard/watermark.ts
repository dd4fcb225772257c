/**
 * A shard's watermark: the newest event time of the valid ratings that it has seen, in offset order, minus one day.
 * It only rises. Windows end at day boundaries, so what they ask is the day that the watermark has reached.
 */
import { MS_PER_DAY } from "../calendar.ts";

/** How far ratings may lag behind the newest one before their windows begin to close. */
export const ALLOWED_LATENESS_MS = MS_PER_DAY;

export class Watermark {
  #timeMs = Number.NEGATIVE_INFINITY;
  #day = Number.NEGATIVE_INFINITY;

  /** Milliseconds since 1970; -Infinity before the first rating. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** The last day boundary at or before the watermark: a window is final when its end day is not after it. */
  get day(): number {
    return this.#day;
  }

  /** Whether a rating of this event time would move the watermark. */
  isMovedBy(eventTimeMs: number): boolean {
    return eventTimeMs - ALLOWED_LATENESS_MS > this.#timeMs;
  }

  /** Takes in the event time of a valid rating. */
  observe(eventTimeMs: number): void {
    this.raiseTo(eventTimeMs - ALLOWED_LATENESS_MS);
  }

  /** Raises the watermark to a time: at a drain, for an idle shard, at a restart. Never lowers it. */
  raiseTo(timeMs: number): void {
    if (timeMs <= this.#timeMs) return;
    this.#timeMs = timeMs;
    this.#day = Math.floor(timeMs / MS_PER_DAY);
  }
}
