/** What a reader must know of the machine and the programs to judge figures: facts that the system itself tells. */
import { spawnSync } from "node:child_process";
import { arch, cpus, release, totalmem, type } from "node:os";
import { KAFKA_VERSION } from "../../tests/services/kafka-software.ts";
import type { PostgresServer } from "../../tests/services/postgres.ts";

const GIGABYTE = 1024 ** 3;

/** `2 cores of an AMD EPYC, 24 GB`. */
function hardware(): string {
  const cores = cpus();
  const model = cores[0]?.model.trim().replaceAll(/\s+/g, " ") || "an unknown model";
  return `${cores.length} cores (${model}, ${arch()}), ${Math.round(totalmem() / GIGABYTE)} GB of memory`;
}

/** What a program says to be, on either output; `none` where it is not there. */
function firstLine(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", cwd: import.meta.dirname });
  return status === 0 ? (stdout || stderr).split("\n")[0].trim() : "none";
}

/** Lines of Markdown. */
export function describeMachine(postgres: PostgresServer): string[] {
  const [{ version }] = postgres.sql("SELECT current_setting('server_version') AS version");
  const changed = firstLine("git", "status", "--porcelain", "--untracked-files=no", "--", "../../src") !== "";
  const commit = `${firstLine("git", "rev-parse", "--short", "HEAD")}${changed ? ", with changes" : ""}`;
  return [
    `- Machine: ${hardware()}; ${type()} ${/^[\d.]+/.exec(release())?.[0]}. All share it, over the loopback.`,
    `- Tidemark at commit ${commit}; compiled by Bun ${Bun.version}.`,
    `- Kafka ${KAFKA_VERSION}, one broker in KRaft mode; PostgreSQL ${version}, fsync on; default settings.`,
    `- ${firstLine("java", "-version")}; ${firstLine("python3", "--version")}; ${firstLine("go", "version")}.`,
  ];
}
