/**
 * The start of `process`, once its home is locked: takes the other locks, compares what the checkpoint, the table and
 * the output topics hold, claims the shards, shuts out whoever died before, and applies what a side lacks. Changes
 * nothing before all of that fits; what does not fit is exit 4. The order is the contract's (ARCHITECTURE.md, "Start").
 */
import type { CheckpointSettings, CheckpointStore, Replaced, ShardLog } from "../checkpoint/contract.ts";
import { describeEpoch, type EpochIdentity, sameEpoch } from "../epoch.ts";
import { stateError } from "../errors.ts";
import { Shard } from "../shard/shard.ts";
import type { ShardRules } from "../shard/shard-rules.ts";
import type { ResultTable, ShardStanding } from "../table/contract.ts";
import type { Log } from "../terminal/log.ts";
import type { OutputTopics, Slice, TopicReader, UnconfirmedEpochs } from "../topic/contract.ts";
import { EarlierOutputs, readEarlierOutputs } from "./already-out.ts";
import { readOn } from "./engine.ts";
import { EpochPipeline } from "./epoch-pipeline.ts";
import { MoviePartitions } from "./movie-partitions.ts";
import { checkRatingsTopic, checkTopicForRebuild } from "./ratings-check.ts";

export interface ProcessSides {
  readonly checkpoint: CheckpointStore;
  readonly table: ResultTable;
  readonly ratings: TopicReader;
  readonly outputs: OutputTopics;
  /** Readers of the two output topics, for a rebuild. */
  readonly anomalies: TopicReader;
  readonly rejected: TopicReader;
}

export interface StartOptions {
  readonly settings: CheckpointSettings;
  readonly rules: ShardRules;
  readonly rebuild: boolean;
  /** Id of this process. */
  readonly owner: string;
  /** A new id for a run, if one is to be made. */
  readonly newRun: string;
  readonly titleOf: (movieId: number) => string | undefined;
  /** Batches with a wrong CRC are passed, and the log says which. */
  readonly skipCorrupt: boolean;
  readonly log: Log;
  readonly now: () => number;
}

/** A shard and its log, ready to read on. */
export interface ShardAtWork {
  readonly shard: Shard;
  readonly log: ShardLog;
  /** The offset after the last record that its partition held at the start. */
  readonly endOffset: number;
  /**
   * What is read first: asked for during the start, to arrive while others are shut out. Undefined once it is worked
   * on, as it may be large.
   */
  firstSlice: Promise<Slice> | undefined;
}

/** Rows of an epoch that only brings new titles to movies: then it holds those of one movie more at the most. */
const RETITLED_ROWS_MAX = 50_000;

const LOST_HINT =
  "if the checkpoint is lost, old or another's, `tidemark process --rebuild` reads the topic again; " +
  "nothing was changed";

/** Ends with every side at the newest epoch of each shard's log. */
export async function startShards(
  sides: ProcessSides,
  options: StartOptions,
): Promise<{ shards: ShardAtWork[]; pipeline: EpochPipeline }> {
  const { checkpoint, table, outputs, ratings } = sides;
  const { owner, settings } = options;
  await checkpoint.lock();
  await table.lock();
  const standings = new Map((await table.standings()).map((standing) => [standing.partition, standing]));
  const earlier = new EarlierOutputs();
  const logs = options.rebuild
    ? await beginRebuild(sides, options, standings, earlier)
    : ((await checkpoint.load(settings)) ?? (await beginFirstRun(sides, options, standings)));

  const moviePartitions = new MoviePartitions(settings.partitions);
  const shards = logs.map((log) => {
    const claimMovie = (movieId: number) => moviePartitions.claim(movieId, log.partition);
    const alreadyOut = log.replaced === undefined ? undefined : earlier.of(log.partition);
    const { rules, titleOf, skipCorrupt } = options;
    const onCorrupt = skipCorrupt ? warnOfCorrupt(options.log) : undefined;
    return new Shard(log.partition, rules, { titleOf, claimMovie, alreadyOut, onCorrupt });
  });

  for (const log of logs) judge(log, standings.get(log.partition));
  // A restart of the table is one transaction: done for one shard, done for all. Once only: it removes all rows.
  const restarts = logs.some((log) => {
    const standing = standings.get(log.partition);
    return standing !== undefined && isReplaced(log, standing.epoch);
  });
  const lacking = logs.map((log, index) => {
    const inTable = restarts ? undefined : standings.get(log.partition)?.epoch;
    const tableNumber = inTable?.number ?? 0;
    const from = inTable !== undefined && tableNumber < log.confirmed.number ? inTable : log.confirmed;
    const epochs = log.replay(shards[index], from);
    moviePartitions.claimAll(shards[index]);
    return {
      log,
      inTable: epochs.filter((epoch) => epoch.identity.number > tableNumber),
      unconfirmed: epochs.filter((epoch) => epoch.identity.number > log.confirmed.number),
    };
  });
  const tails = lacking.map(({ log, unconfirmed }): UnconfirmedEpochs => {
    const replaced = log.replaced?.outputsEpoch;
    return { partition: log.partition, confirmed: log.confirmed, epochs: unconfirmed, ends: log.ends, replaced };
  });
  await outputs.compare(tails);
  const repeating = shards.findIndex((shard, index) => mayRepeat(shard, logs[index].replaced));
  // A rebuild has read them just now.
  if (repeating >= 0 && !options.rebuild) {
    const { ends } = logs[repeating].replaced as Replaced;
    await readEarlierOutputs(sides.anomalies, sides.rejected, ends, settings, earlier, options.log.warn);
  }
  const endOffsets: number[] = [];
  for (const shard of shards) endOffsets.push(await checkRatingsTopic(ratings, shard));
  const firstSlices = shards.map((shard) => readOn(ratings, shard.partition, shard.offset));

  if (restarts) {
    await table.restart(
      owner,
      logs.map((log) => log.last),
    );
  }
  await table.claim(owner, settings.partitions, (partition, found) => {
    judge(logs[partition], found);
    return logs[partition].last;
  });
  await checkpoint.removeOtherRuns();
  // A rebuild has done so, before it looked at what stands on the outputs.
  if (!options.rebuild) await outputs.fence();
  const missing = await outputs.missing(tails);
  const pipeline = new EpochPipeline({ table, outputs, owner, now: options.now, syncRatings: () => ratings.sync() });
  for (const { log, inTable } of lacking) {
    await pipeline.applyMissing(log, inTable, missing.get(log.partition) ?? []);
  }
  for (const [index, shard] of shards.entries()) {
    while (!shard.retitle(RETITLED_ROWS_MAX)) await pipeline.submit(shard, logs[index]);
  }
  table.beginWork();
  const atWork = shards.map((shard, index) => {
    return { shard, log: logs[index], endOffset: endOffsets[index], firstSlice: firstSlices[index] };
  });
  return { shards: atWork, pipeline };
}

function warnOfCorrupt(log: Log) {
  return (partition: number, firstOffset: number, lastOffset: number) =>
    log.warn(`partition ${partition}: passed the batch at offsets ${firstOffset} to ${lastOffset}, whose CRC is wrong`);
}

/** A new run where none was: both sides must know nothing of us. */
async function beginFirstRun(
  { checkpoint, outputs }: ProcessSides,
  { settings, rules, owner, newRun }: StartOptions,
  standings: ReadonlyMap<number, ShardStanding>,
): Promise<ShardLog[]> {
  for (const standing of standings.values()) {
    throw stateError(
      `the table stands at ${describeEpoch(standing.epoch)} for partition ${standing.partition}, ` +
        "but there is no checkpoint",
      LOST_HINT,
    );
  }
  const confirmed = { run: newRun, owner, number: 0 };
  const ends = { anomalies: 0, rejected: 0 };
  await outputs.compare(partitionsOf(settings).map((partition) => ({ partition, confirmed, epochs: [], ends })));
  return checkpoint.begin(settings, newRun, owner, nothingCounted(rules), await outputs.ends(), []);
}

/** A new run in the place of another: notes what that left, and adds what stands on the outputs to `earlier`. */
async function beginRebuild(
  { checkpoint, table, outputs, ratings, anomalies, rejected }: ProcessSides,
  { settings, rules, owner, newRun, log }: StartOptions,
  standings: ReadonlyMap<number, ShardStanding>,
  earlier: EarlierOutputs,
): Promise<ShardLog[]> {
  await checkTopicForRebuild(ratings, [...standings.values()]);
  // Only a claimant may shut others out; where no shard was ever claimed, there is nobody to shut out.
  const nothing = { run: newRun, owner, number: 0 };
  if (standings.size > 0) await table.claim(owner, settings.partitions, (_, found) => found?.epoch ?? nothing);
  // What a dead owner left open is settled first: only then is it certain what stands on the topics.
  await outputs.fence();
  const outputStandings = await outputs.standings();
  const ends = await outputs.ends();
  await readEarlierOutputs(anomalies, rejected, ends, settings, earlier, log.warn);
  const replaced = partitionsOf(settings).map((partition): Replaced => {
    const { endDayMax } = earlier;
    const offsetMax = earlier.offsetMax(partition);
    const tableEpoch = standings.get(partition)?.epoch;
    return { tableEpoch, outputsEpoch: outputStandings.get(partition), ends, endDayMax, offsetMax };
  });
  log.info("rebuilding: the ratings are read again from their start");
  return checkpoint.begin(settings, newRun, owner, nothingCounted(rules), ends, replaced);
}

function partitionsOf({ partitions }: CheckpointSettings): number[] {
  return Array.from({ length: partitions }, (_, partition) => partition);
}

/** The state of a shard that has read nothing. */
function nothingCounted(rules: ShardRules): readonly Uint8Array[] {
  return new Shard(0, rules, { titleOf: () => undefined, claimMovie: () => {} }).takeEpoch(true).state;
}

/** Throws unless the table's standing is one that this log accounts for. */
function judge(log: ShardLog, found: ShardStanding | undefined): void {
  const fresh = log.last.number === 0;
  if (found === undefined) {
    if (fresh) return;
    throw stateError(
      `the checkpoint stands at ${describeEpoch(log.last)}, but the table knows nothing of partition ${log.partition}`,
      LOST_HINT,
    );
  }
  if (knows(log, found.epoch)) return;
  throw stateError(
    `the table stands at ${describeEpoch(found.epoch)} for partition ${log.partition}, ` +
      `which is not in the checkpoint's log (${describeEpoch(log.last)})`,
    LOST_HINT,
  );
}

function knows(log: ShardLog, epoch: EpochIdentity): boolean {
  return log.holds(epoch) || isReplaced(log, epoch);
}

/** Whether a rebuild replaced the run of this epoch, and nothing was logged since: the table may not know of it yet. */
function isReplaced({ replaced, last }: ShardLog, epoch: EpochIdentity): boolean {
  return last.number === 0 && replaced?.tableEpoch !== undefined && sameEpoch(replaced.tableEpoch, epoch);
}

/** Whether the shard could still put out something that an earlier run put out. */
function mayRepeat(shard: Shard, replaced: Replaced | undefined): boolean {
  return replaced !== undefined && (shard.closedEnd < replaced.endDayMax || shard.offset <= replaced.offsetMax);
}
