/** The progress display and the log, as they come out of stderr: on a terminal and elsewhere. */
import { describe, expect, test } from "bun:test";
import { Writable } from "node:stream";
import { createLog, type LogLevel } from "../../src/terminal/log.ts";
import { describeElapsed, Progress } from "../../src/terminal/progress.ts";
import { Screen } from "../../src/terminal/screen.ts";

/** A stderr that keeps what was written. */
function stderr(terminal: boolean, columns = 80) {
  let written = "";
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      written += chunk;
      done();
    },
  });
  const screen = new Screen(Object.assign(stream, { isTTY: terminal, columns }) as unknown as NodeJS.WriteStream);
  return { screen, written: () => written };
}

/** A clock that stands until it is moved. */
function clock() {
  let nowMs = Date.UTC(2026, 10, 23);
  return { now: () => nowMs, pass: (ms: number) => (nowMs += ms) };
}

describe("off a terminal", () => {
  test("there is a plain line every 10 s, and one at the end", () => {
    const { screen, written } = stderr(false);
    const { now, pass } = clock();
    const progress = new Progress({ noun: "ratings", screen, now });
    for (let second = 1; second <= 25; second++) {
      pass(1000);
      progress.update(second * 1_000_000, () => "file 1 of 2");
    }
    progress.end();
    expect(written()).toBe(
      "10,000,000 ratings, 1,000,000/s, 10.0 s, file 1 of 2\n" +
        "20,000,000 ratings, 1,000,000/s, 20.0 s, file 1 of 2\n" +
        "25,000,000 ratings, 1,000,000/s, 25.0 s, file 1 of 2\n",
    );
  });

  test("log lines have time, level and text, each from its level on", () => {
    const seen = (level: LogLevel) => {
      const { screen, written } = stderr(false);
      const log = createLog({ level, screen, now: clock().now });
      for (const name of ["error", "warn", "info", "debug"] as const) log[name](`an ${name} with 100% of %s`);
      return written();
    };
    const time = "2026-11-23T00:00:00.000Z";
    const all = [
      `${time} error an error with 100% of %s\n`,
      `${time} warn  an warn with 100% of %s\n`,
      `${time} info  an info with 100% of %s\n`,
      `${time} debug an debug with 100% of %s\n`,
    ];
    expect(seen("error")).toBe(all[0]);
    expect(seen("warn")).toBe(all.slice(0, 2).join(""));
    expect(seen("info")).toBe(all.slice(0, 3).join(""));
    expect(seen("debug")).toBe(all.join(""));
  });

  test("the same line again is no less worth printing", () => {
    const { screen, written } = stderr(false);
    const log = createLog({ level: "info", screen, now: clock().now });
    for (let i = 0; i < 20; i++) log.info("again");
    expect(written().split("\n")).toHaveLength(21);
  });
});

describe("on a terminal", () => {
  test("one line is rewritten in place, at most ten times a second", () => {
    const { screen, written } = stderr(true);
    const { now, pass } = clock();
    const progress = new Progress({ noun: "ratings", screen, now });
    progress.update(0);
    for (let i = 1; i <= 100; i++) {
      pass(10);
      progress.update(i);
    }
    const redraws = written().split("\r\u001b[2K").slice(1);
    expect(redraws).toHaveLength(11);
    expect(redraws.at(-1)).toBe("100 ratings, 100/s, 1.0 s");
    expect(written()).not.toContain("\n");
    progress.end();
    expect(written()).toEndWith("\r\u001b[2K\r\u001b[2K100 ratings, 100/s, 1.0 s\n".slice(5));
  });

  test("log lines stand above it, and it stays within the terminal's width", () => {
    const { screen, written } = stderr(true, 20);
    const progress = new Progress({ noun: "ratings", screen, now: clock().now });
    progress.update(1234, () => "file 1 of 2");
    screen.write("a line\n");
    expect(written()).toBe("\r\u001b[2K1,234 ratings, 0/s,\r\u001b[2Ka line\n1,234 ratings, 0/s,");
  });
});

test.each([
  [0, "0.0 s"],
  [59_999, "59.9 s"],
  [60_000, "1 min 00 s"],
  [3_599_999, "59 min 59 s"],
  [3_720_000, "1 h 02 min"],
])("%i ms are %s", (elapsedMs, words) => {
  expect(describeElapsed(elapsedMs)).toBe(words);
});
