/**
 * Runs a command as a whole process and says what it took: wall and processor seconds, and its largest resident size.
 * For benchmarks only. A command that fails ends the benchmark, with what it printed.
 */

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

/** In our environment and what `environment` adds to it: the place for secrets, which a command line would show. */
export async function runCommand(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandRun> {
  const env = { ...process.env, ...environment };
  const startedMs = Date.now();
  const startMs = performance.now();
  const child = Bun.spawn([...command], { env, stdout: "pipe", stderr: "pipe", stdin: "ignore" });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const seconds = (performance.now() - startMs) / 1000;
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}\n${stderr}`);
  const usage = child.resourceUsage();
  const cpuSeconds = Number(usage?.cpuTime.total ?? 0) / 1e6;
  return { startedMs, seconds, cpuSeconds, peakMegabytes: (usage?.maxRSS ?? 0) / MEGABYTE, stdout, stderr };
}

/** The run with the median time of `times` runs, after one that does not count. */
export async function medianRun(times: number, run: () => Promise<CommandRun>): Promise<CommandRun> {
  await run();
  const runs: CommandRun[] = [];
  for (let count = 0; count < times; count++) runs.push(await run());
  return runs.sort((a, b) => a.seconds - b.seconds)[Math.floor(times / 2)];
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
