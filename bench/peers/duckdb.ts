/**
 * DuckDB over the CSV files: a batch engine, as the reference for no streaming at all, and as the judge of Tidemark's
 * results, since it shares no code with them (`duckdb/aggregate.py`). Never sees the broker or the database.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CommandRun, runCommand } from "../run-command.ts";
import type { Peer, Workload } from "./peer.ts";
import { pythonWith } from "./python-environment.ts";

const VERSION = "2.0.0";
const PROGRAM = join(import.meta.dirname, "duckdb", "aggregate.py");

/** What DuckDB needs to know of a workload. */
export type Files = Pick<
  Workload,
  "ratingsFolder" | "titlesFile" | "folder" | "anomalyDays" | "anomalyMinCount" | "anomalyMinMean"
>;

const python = () => pythonWith(`duckdb-${VERSION}`, [`duckdb==${VERSION}`]);
const linesOf = (path: string): string[] => readFileSync(path, "utf8").split("\n").slice(0, -1);

/**
 * What every run over these files must come to once all its windows are closed: the 30-day rows of movies with a title,
 * as `Peer` has them, and the anomaly lines, sorted alike. For files of any size; needs the network once.
 */
export async function duckdbResults(files: Files): Promise<{ run: CommandRun; rows: string[]; anomalies: string[] }> {
  const run = await runCommand([python(), PROGRAM], { WORKLOAD: JSON.stringify(files) });
  const [rows, anomalies] = ["rows.csv", "anomalies.csv"].map((name) => linesOf(join(files.folder, name)));
  return { run, rows, anomalies };
}

export const duckdb: Peer = {
  name: `DuckDB ${VERSION}`,
  does: "batch: both aggregates from the CSV files into two files; no Kafka, no PostgreSQL, no restart",
  tuning:
    "both cores; columns declared, not sniffed; order of input not kept; one pass over the files to sums by day and " +
    "movie, all else from those",
  async prepare() {
    python();
  },
  async run(workload) {
    const { run, rows, anomalies } = await duckdbResults(workload);
    const { startMs } = JSON.parse(run.stdout) as { startMs: number };
    return { ...run, startSeconds: (startMs - run.startedMs) / 1000, rows, anomalies };
  },
};
