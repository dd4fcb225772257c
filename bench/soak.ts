/**
 * Memory over time: `process` in mode A over real services while a process of its own produces at a steady rate, dates
 * moving on a day a second, so that windows come and, by `--retain`, go; it is killed with -9 and started again every
 * few minutes. Its resident size is looked at each second. Prints a line a minute, and how much the median of the last
 * third of the time is above that of the first third, the first two minutes left out; restarts count in both. At the
 * end every rating must stand in the rows once. `npm run build && bun bench/soak.ts [minutes, 15] [ratings a second,
 * 20000] [minutes between kills, 3]`.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MOVIES_DEFAULT } from "../scripts/sample/movies.ts";
import { dayOf } from "../src/calendar.ts";
import { removeAll } from "./belongings.ts";
import { SteadyProduction } from "./producing.ts";
import { medianOf, table } from "./run-command.ts";
import { BenchServices } from "./services.ts";
import { writeAllTitles } from "./steady-ratings.ts";
import { end, sampleIn, startProcess, tidemark } from "./tidemark.ts";
import { VisibleRatings } from "./visible.ts";

const SECOND_MS = 1000;
const MINUTE_SECONDS = 60;
/** Left out of the verdict: while the state fills and code is compiled. In a short soak at most a third. */
const SETTLE_SECONDS = 120;
/** Two to three windows of 30 days stay open. */
const RETAIN_DAYS = "60";
const FIRST_DAY = dayOf(1999, 11, 11);
const TOPIC = "soak";

const [minutes, perSecond, killMinutes] = [15, 20_000, 3].map((standard, at) =>
  Number(process.argv[at + 2] ?? standard),
);
const seconds = minutes * MINUTE_SECONDS;
const services = await BenchServices.start();
const sample = sampleIn(join(services.folder, "sample"));

/** One second of the soak. */
interface Sight {
  readonly second: number;
  readonly megabytes: number;
  /** Ratings in the rows. */
  readonly visible: number;
  /** Ratings acknowledged to the producer, but not in the rows. */
  readonly lag: number;
  readonly isRestart: boolean;
}

/** Resident, in MB; 0 for a process that is just being started. */
function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

/** Watches for the whole time, killing on the way; ends with every rating in the rows, or throws. */
async function soak(visible: VisibleRatings): Promise<{ sights: Sight[]; kills: number; sent: number }> {
  const environment = { ...services.environment(TOPIC, TOPIC, sample), TIDEMARK_RETAIN: RETAIN_DAYS };
  const sights: Sight[] = [];
  let kills = 0;
  let child = startProcess(environment);
  const shape = { movies: MOVIES_DEFAULT, firstDay: FIRST_DAY, daysASecond: 1 };
  const brokers = services.broker.brokers;
  const production = new SteadyProduction({ brokers, topic: TOPIC, perSecond, seconds, ...shape });
  try {
    const beganMs = performance.now();
    for (let second = 1; second <= seconds; second++) {
      await sleep(Math.max(0, beganMs + second * SECOND_MS - performance.now()));
      production.check();
      const isRestart = second % (killMinutes * MINUTE_SECONDS) === 0 && second < seconds;
      if (child.exitCode !== null) throw new Error(`process ended with ${child.exitCode} after ${second} s`);
      const megabytes = residentMegabytes(child.pid as number);
      const { sent } = production;
      const count = await visible.count();
      sights.push({ second, megabytes, visible: count, lag: Math.max(0, sent - count), isRestart });
      if (!isRestart) continue;
      await end(child, "SIGKILL");
      kills++;
      child = startProcess(environment);
    }
    await production.finished();
    await visible.until(production.sent, { pauseMs: 100 });
    await visible.check();
    return { sights, kills, sent: production.sent };
  } finally {
    await production.stop();
    await end(child, "SIGKILL");
  }
}

/** A line for each minute. */
function minuteLines(sights: readonly Sight[]): string[][] {
  const lines: string[][] = [];
  let before = 0;
  for (let from = 0; from < sights.length; from += MINUTE_SECONDS) {
    const minute = sights.slice(from, from + MINUTE_SECONDS);
    const sizes = minute.map(({ megabytes }) => megabytes);
    const last = minute[minute.length - 1];
    lines.push([
      `${from / MINUTE_SECONDS + 1}${minute.some(({ isRestart }) => isRestart) ? ", killed" : ""}`,
      ...[Math.min(...sizes), medianOf(sizes), Math.max(...sizes)].map((size) => size.toFixed(0)),
      ((last.visible - before) / minute.length).toFixed(0),
      Math.max(...minute.map(({ lag }) => lag)).toFixed(0),
    ]);
    before = last.visible;
  }
  return lines;
}

/** Medians of the first and of the last third of the time after settling, in MB. */
function thirds(sights: readonly Sight[]): [number, number] {
  const settled = sights.slice(Math.min(SETTLE_SECONDS, Math.floor(sights.length / 3)));
  const third = Math.ceil(settled.length / 3);
  const median = (part: readonly Sight[]) => medianOf(part.map(({ megabytes }) => megabytes));
  return [median(settled.slice(0, third)), median(settled.slice(-third))];
}

try {
  mkdirSync(sample.folder);
  writeAllTitles(sample.titlesFile, MOVIES_DEFAULT);
  await tidemark(services.environment(TOPIC, TOPIC, sample), "setup");
  const client = await services.client(TOPIC);
  const { sights, kills, sent } = await soak(new VisibleRatings(client)).finally(() => client.end());
  const [first, last] = thirds(sights);
  process.stdout.write(
    `mode A, ${perSecond} ratings/s, a day a second, windows forgotten after ${RETAIN_DAYS} days\n\n` +
      table(["minute", "least MB", "median MB", "most MB", "ratings/s", "most lag, ratings"], minuteLines(sights)) +
      `\n${kills} kills; all ${sent} ratings stand in the rows once. Median resident size of the first third after ` +
      `settling ${first.toFixed(0)} MB, of the last ${last.toFixed(0)} MB: ${(last / first).toFixed(2)} times\n`,
  );
} finally {
  await removeAll();
}
