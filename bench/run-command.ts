/**
 * Runs a command as a whole process and says what it took: wall and processor seconds, and its largest resident size.
 * For benchmarks only. A command that fails ends the benchmark, with what it printed.
 */
import { readFileSync } from "node:fs";
import { keepProcess } from "./belongings.ts";

export interface CommandRun {
  /** When it was started, in milliseconds since 1970: for commands that say at what time they did what. */
  readonly startedMs: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Bun reports the resident size in bytes. */
const MEGABYTE = 1024 * 1024;
const SAMPLE_MS = 10;

/** In our environment and what `environment` adds to it: the place for secrets, which a command line would show. */
export async function runCommand(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandRun> {
  const env = { ...process.env, ...environment };
  const startedMs = Date.now();
  const startMs = performance.now();
  const child = Bun.spawn([...command], { env, detached: true, stdout: "pipe", stderr: "pipe", stdin: "ignore" });
  const peak = new ResidentPeak(child.pid);
  const ended = [new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited] as const;
  const [stdout, stderr, code] = await keepProcess(child.pid, Promise.all(ended));
  const seconds = (performance.now() - startMs) / 1000;
  const usage = child.resourceUsage();
  const peakMegabytes = peak.end(usage?.maxRSS ?? 0) / MEGABYTE;
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}\n${stderr}`);
  const cpuSeconds = Number(usage?.cpuTime.total ?? 0) / 1e6;
  return { startedMs, seconds, cpuSeconds, peakMegabytes, stdout, stderr };
}

/**
 * The largest resident size of a process. What the system tells at its end is never less than this process had when it
 * started that one, as the two were one for a moment; a smaller one is therefore looked at while it runs.
 */
class ResidentPeak {
  readonly #floor = residentPeak("self");
  readonly #timer: NodeJS.Timeout;
  #sampled = 0;

  constructor(pid: number) {
    this.#timer = setInterval(() => {
      this.#sampled = Math.max(this.#sampled, residentPeak(pid));
    }, SAMPLE_MS);
  }

  /** In bytes, given those that the system told; they are all there is where there is no /proc, or it was too short. */
  end(told: number): number {
    clearInterval(this.#timer);
    return told > this.#floor || this.#sampled === 0 ? told : this.#sampled;
  }
}

/** 0 for a process that is not there any more. */
function residentPeak(pid: number | "self"): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** The run with the median time of `times` runs, after one that does not count. */
export function medianRun(times: number, run: () => Promise<CommandRun>): Promise<CommandRun> {
  return medianRunBy(({ seconds }) => seconds, times, run);
}

/** The same by another figure than its whole time. */
export async function medianRunBy(
  figure: (run: CommandRun) => number,
  times: number,
  run: () => Promise<CommandRun>,
): Promise<CommandRun> {
  const [median] = await medianRunsByTurns(times, [run], figure);
  return median;
}

/**
 * The same for several commands that are compared with each other. They are run by turns, as a machine's speed changes
 * from minute to minute.
 */
export async function medianRunsByTurns(
  times: number,
  commands: readonly (() => Promise<CommandRun>)[],
  figure = ({ seconds }: CommandRun) => seconds,
): Promise<CommandRun[]> {
  const runs: CommandRun[][] = commands.map(() => []);
  for (let turn = 0; turn <= times; turn++) {
    for (const [index, run] of commands.entries()) {
      const done = await run();
      if (turn > 0) runs[index].push(done);
    }
  }
  return runs.map((ofCommand) => ofCommand.sort((a, b) => figure(a) - figure(b))[Math.floor(times / 2)]);
}

/** The middle of some values, in any order. */
export function medianOf(values: Iterable<number>): number {
  return shareOf(Float64Array.from(values).sort(), 0.5);
}

/** The value that this share of the values, in ascending order, is not above: 1 for the largest. */
export function shareOf(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Rows of cells as a Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return `${lines.join("\n")}\n`;
}

/** `8.1 M/s`. */
export function rate(count: number, seconds: number): string {
  return `${(count / seconds / 1e6).toFixed(1)} M/s`;
}
