/**
 * The benchmark of the embedded sides: CSV files -> embedded topic -> process -> SQLite, as users run it, by the
 * executable. Prints a table; every speed stands beside that of a bare loop over the same bytes in the same run.
 * `bun bench/embedded.ts [millions of ratings, 10] [days they fall on, 222: the real set's density]`.
 */
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { keepFolder, removeAll } from "./belongings.ts";
import { MILLION } from "./density.ts";
import { type CommandRun, medianRun, medianRunsByTurns, rate, runCommand, table } from "./run-command.ts";
import { checkpointBytes, EXECUTABLE, type Mode, makeSample, sampleIn } from "./tidemark.ts";

const RUNS = 3;
/** Of the commands that stand beside each other. */
const TURNS = 7;
const bun = process.execPath;

const [millions = "10", days = "222"] = process.argv.slice(2);
const ratings = Number(millions) * MILLION;
const folder = keepFolder();
const sample = sampleIn(join(folder, "sample"));
const home = join(folder, "home");

const tidemark = (...args: string[]) => runCommand([EXECUTABLE, ...args, "--home", home]);

async function produce(): Promise<CommandRun> {
  rmSync(home, { recursive: true, force: true });
  await tidemark("setup");
  return tidemark("produce", "--ratings", sample.ratingsFolder);
}

/** The flags of a run with outputs, results and checkpoint of its own, made ready. */
async function freshRun(): Promise<string[]> {
  const run = crypto.randomUUID();
  const topics = ["--anomaly-topic", `anomalies-${run}`, "--rejected-topic", `rejected-${run}`];
  const places = [...topics, "--group", run, "--database", `jdbc:sqlite:${join(folder, run)}.db`];
  await tidemark("setup", ...places);
  return [...places, "--checkpoints", join(folder, run), "--titles", sample.titlesFile];
}

async function drain(mode: Mode): Promise<CommandRun> {
  return tidemark("process", "--mode", mode, "--drain", "--log-level", "debug", ...(await freshRun()));
}

try {
  await makeSample(sample, ratings, Number(days));
  const produced = await medianRun(RUNS, produce);
  const bareLoop = () => runCommand([bun, join(import.meta.dirname, "bare-loop.ts"), home]);
  const [bare, modeC, modeA] = await medianRunsByTurns(TURNS, [bareLoop, () => drain("C"), () => drain("A")]);
  const bareSeconds = (JSON.parse(bare.stdout) as { seconds: number }).seconds;

  const openState = await freshRun();
  await tidemark("process", "--mode", "A", "--once", ...openState);
  const restart = await medianRun(RUNS, () => tidemark("process", "--mode", "A", "--once", ...openState));
  const help = await medianRun(RUNS, () => runCommand([EXECUTABLE, "process", "--help"]));

  const line = (name: string, run: CommandRun, seconds = run.seconds) => [
    name,
    rate(ratings, seconds),
    `${Math.round((bareSeconds / seconds) * 100)} %`,
    run.cpuSeconds.toFixed(2),
    run.peakMegabytes.toFixed(0),
  ];
  const topicBytes = statSync(join(home, "topics/netflix-ratings/0/00000000000000000000.log")).size;
  process.stdout.write(
    `${millions} million ratings on ${days} days; medians of ${TURNS} by turns; whole processes, start included\n\n` +
      table(
        ["what", "ratings/s", "of the bare loop", "processor s", "peak MB"],
        [
          line("bare loop: read, walk, parse (its loop alone)", bare, bareSeconds),
          line("process --drain, mode C", modeC),
          line("process --drain, mode A", modeA),
          line("produce from CSV", produced),
        ],
      ) +
      `\nrestart with all of it as state, mode A: ${restart.seconds.toFixed(2)} s; --help: ` +
      `${(help.seconds * 1000).toFixed(0)} ms; checkpoint bytes written: mode C ${checkpointBytes(modeC)}, ` +
      `mode A ${checkpointBytes(modeA)}; first topic segment: ${topicBytes} bytes\n`,
  );
} finally {
  await removeAll();
}
