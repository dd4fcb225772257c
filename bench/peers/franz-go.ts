/**
 * franz-go, the fastest ready-made Kafka client known to us, in a program that only counts records (`franz-go/`):
 * once with the library's default settings and once made fast. It parses no rating and writes nothing.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "../../tests/services/maven-jars.ts";
import { runCommand } from "../run-command.ts";
import type { Peer, PeerRun, Workload } from "./peer.ts";

const SOURCE = join(import.meta.dirname, "franz-go");
const EXECUTABLE = join(CACHE, "franz-go", "franz-go");
const VERSION = /franz-go v(\S+)/.exec(readFileSync(join(SOURCE, "go.mod"), "utf8"))?.[1];

/** Go knows by itself what is built already. */
async function prepare(): Promise<void> {
  if (spawnSync("go", ["version"]).status !== 0) throw new Error("there is no go on the PATH");
  mkdirSync(join(CACHE, "franz-go"), { recursive: true });
  await runCommand(["go", "-C", SOURCE, "build", "-trimpath", "-o", EXECUTABLE, "."]);
}

async function run(workload: Workload, settings: "default" | "tuned"): Promise<PeerRun> {
  const { brokers, topic, partitions, ratings } = workload;
  const counted = await runCommand([EXECUTABLE, brokers, topic, String(partitions), String(ratings), settings]);
  const { records, firstRecordMs } = JSON.parse(counted.stdout) as { records: number; firstRecordMs: number };
  if (records !== ratings) throw new Error(`franz-go counted ${records} records instead of ${ratings}`);
  return { ...counted, startSeconds: (firstRecordMs - counted.startedMs) / 1000 };
}

export const franzGoDefault: Peer = {
  name: `franz-go ${VERSION}, default settings`,
  does: "counts only",
  tuning: "none",
  prepare,
  run: (workload) => run(workload, "default"),
};

export const franzGo: Peer = {
  name: `franz-go ${VERSION}, tuned`,
  does: "counts only",
  tuning:
    "records' memory in pools, the collector at 400 % (together 1.6 times the default settings); larger fetches than " +
    "1 MB, no CRC check, no fetch sessions were no faster; no group, no commits",
  prepare,
  run: (workload) => run(workload, "tuned"),
};
