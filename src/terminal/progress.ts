/**
 * A progress display on stderr: what was counted, how fast, for how long. On a terminal it is one line, rewritten in
 * place; elsewhere a plain line now and then, so that a log stays short. The clock is injected; nothing runs by timer:
 * the display moves when `update` is called.
 */
import type { Screen } from "./screen.ts";

/** Least time between redraws of a terminal's line. */
const REDRAW_MS = 100;
/** Least time between plain lines. */
const PLAIN_LINE_MS = 10_000;

export interface ProgressOptions {
  /** What is counted: "ratings". */
  readonly noun: string;
  readonly screen: Screen;
  readonly now: () => number;
}

export class Progress {
  readonly #options: ProgressOptions;
  readonly #startMs: number;
  #shownMs: number;
  #count = 0;
  #detail = () => "";

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#startMs = options.now();
    this.#shownMs = options.screen.isTerminal ? Number.NEGATIVE_INFINITY : this.#startMs;
  }

  /**
   * `count` is the total so far; `detail`, the one given last, says where the work is whenever that is shown ("file 3
   * of 12"). Cheap to call often.
   */
  update(count: number, detail = this.#detail): void {
    this.#count = count;
    this.#detail = detail;
    const { screen, now } = this.#options;
    const nowMs = now();
    if (nowMs - this.#shownMs < (screen.isTerminal ? REDRAW_MS : PLAIN_LINE_MS)) return;
    this.#shownMs = nowMs;
    if (screen.isTerminal) screen.status(this.#line(nowMs));
    else screen.write(`${this.#line(nowMs)}\n`);
  }

  /** Removes the line and prints the final totals, to stay. */
  end(): void {
    const { screen, now } = this.#options;
    screen.status("");
    screen.write(`${this.#line(now())}\n`);
  }

  #line(nowMs: number): string {
    const elapsedMs = Math.max(0, nowMs - this.#startMs);
    const rate = elapsedMs === 0 ? 0 : Math.round((this.#count * 1000) / elapsedMs);
    const totals = `${grouped(this.#count)} ${this.#options.noun}, ${grouped(rate)}/s, ${describeElapsed(elapsedMs)}`;
    const detail = this.#detail();
    return detail === "" ? totals : `${totals}, ${detail}`;
  }
}

/** 1234567 -> `1,234,567`. By `toLocaleString`, the first one would take 3 ms. */
function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** `0.4 s`, `59.9 s`, `2 min 05 s`, `1 h 02 min`. */
export function describeElapsed(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000);
  if (seconds < 60) return `${(Math.floor(elapsedMs / 100) / 10).toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
