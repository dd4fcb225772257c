/**
 * `process`: ratings topic in; rows, anomalies and rejected lines out, each exactly once. Opens the sides, starts the
 * shards, runs the engine until its goal or a signal, and says what became of every line.
 */
import { randomUUID } from "node:crypto";
import { formatDay, MS_PER_DAY } from "../calendar.ts";
import type { CheckpointSettings } from "../checkpoint/contract.ts";
import { openCheckpointFiles } from "../checkpoint/files.ts";
import type { CommandContext } from "../command.ts";
import { FileLock } from "../disk/file-lock.ts";
import { homeLockPath, openHome } from "../disk/home.ts";
import { holderText } from "../holder.ts";
import { Closers } from "../process/closers.ts";
import { Engine, type Goal } from "../process/engine.ts";
import { Garbage } from "../process/garbage.ts";
import { keepingWarnings } from "../process/ratings-check.ts";
import { type ShardAtWork, startShards } from "../process/start.ts";
import { TotalsFile } from "../process/totals-file.ts";
import type { Settings } from "../settings/settings.ts";
import type { ShardRules } from "../shard/shard-rules.ts";
import { Totals } from "../shard/totals.ts";
import { openTable } from "../table/open.ts";
import { readTitles } from "../titles/titles-file.ts";
import { topicsOf } from "../topic/topics.ts";

export async function processRatings(context: CommandContext): Promise<void> {
  const { settings, log, signal, now } = context;
  const { home } = settings;
  // With --expose-gc, which the executable is built with.
  const garbage = new Garbage(globalThis.gc);
  const titles = readTitles(settings.titles, settings.titlesEncoding);
  for (const warning of titles.warnings) log.warn(warning);

  const open = new Closers();
  try {
    await openHome(home);
    const holder = holderText("process", now());
    const homeLock = FileLock.acquire(homeLockPath(home), `the home folder ${home}`, holder);
    open.under(homeLock);
    const { group, topic, anomalyTopic, rejectedTopic } = settings;
    const topics = topicsOf(settings, holder, context);
    const names = [topic, anomalyTopic, rejectedTopic];
    const [ratings, anomalies, rejected] = await open.addAll(names.map((name) => topics.reader(name)));
    const keeping = topics.keeping(topic);
    keeping.catch(() => {}); // Awaited below.
    const table = open.add(await openTable(settings.database, { group, topic }, holder, context));
    for (const warning of keepingWarnings(topic, await keeping)) log.warn(warning);
    const checkpoint = open.add(openCheckpointFiles(settings.checkpoints, holder, log.warn));
    const owner = randomUUID();
    const outputs = open.add(
      topics.outputs({
        source: { group, topic },
        partitions: ratings.partitions,
        anomalyTopic,
        rejectedTopic,
        checkHeld: () => table.checkClaimed(owner),
      }),
    );

    const { shards, pipeline } = await startShards(
      { checkpoint, table, ratings, outputs, anomalies, rejected },
      {
        settings: checkpointSettings(settings, ratings.partitions),
        rules: shardRules(settings),
        rebuild: settings.rebuild,
        skipCorrupt: settings.skipCorrupt,
        owner,
        newRun: randomUUID(),
        titleOf: (movieId) => titles.titles.get(movieId),
        log,
        now,
      },
    );
    topics.beginWork();
    for (const { partition, bytes } of outputs.cut) {
      log.warn(`cut ${bytes} bytes that a crash left at the end of an output topic's partition ${partition}`);
    }
    const display = context.progress("ratings");
    const goal: Goal = settings.drain ? "drain" : settings.once ? "once" : "forever";
    const readBefore = totalsOf(shards).read;
    const totalsFile = new TotalsFile(settings.checkpoints, now);
    const onProgress = () => {
      const totals = totalsOf(shards);
      display.update(totals.read - readBefore, () => describeWatermark(shards));
      totalsFile.update(
        totals,
        shards.map(({ shard }) => shard),
      );
    };
    const { idleTimeoutMs } = settings;
    const options = { goal, idleTimeoutMs, now, signal, garbage, onProgress };
    await new Engine(shards, ratings, pipeline, options).run();
    display.end();
    await totalsFile.end(
      totalsOf(shards),
      shards.map(({ shard }) => shard),
    );
    report(shards, log.info);
    const bytesWritten = shards.reduce((sum, { log }) => sum + log.bytesWritten, 0);
    log.debug(`checkpoint: ${bytesWritten} bytes written, longest pause ${pipeline.longestPauseMs} ms`);
  } finally {
    await open.closeAll(log.warn);
  }
}

function checkpointSettings(settings: Settings, partitions: number): CheckpointSettings {
  const { mode, anomalyDays, group, topic, anomalyTopic, rejectedTopic } = settings;
  return { mode, anomalyDays, group, topic, anomalyTopic, rejectedTopic, partitions };
}

function shardRules(settings: Settings): ShardRules {
  const { mode, anomalyDays, anomalyMinCount, anomalyMinMean, maxMovies, maxWindows } = settings;
  const maxFutureMs = settings.maxFutureMs ?? Number.POSITIVE_INFINITY;
  const retainDays = settings.retainDays ?? Number.POSITIVE_INFINITY;
  return { mode, anomalyDays, anomalyMinCount, anomalyMinMean, maxFutureMs, retainDays, maxMovies, maxWindows };
}

function totalsOf(shards: readonly ShardAtWork[]): Totals {
  const totals = new Totals();
  for (const { shard } of shards) totals.add(shard.totals);
  return totals;
}

/** `watermark 2005-12-30`: of the shard that is furthest behind, which is where all of them have come to. */
function describeWatermark(shards: readonly ShardAtWork[]): string {
  const timeMs = Math.min(...shards.map(({ shard }) => shard.watermarkMs));
  return Number.isFinite(timeMs) ? `watermark ${formatDay(Math.floor(timeMs / MS_PER_DAY))}` : "";
}

/** What became of every line since the checkpoint began. */
function report(shards: readonly ShardAtWork[], info: (text: string) => void): void {
  info(totalsOf(shards).describe());
  const untitled = shards.reduce((sum, { shard }) => sum + shard.untitled, 0);
  if (untitled > 0) info(`${untitled} results were left out, as their movies have no title`);
}
