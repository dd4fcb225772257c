/**
 * One loop over record batches that lie in memory, for `memory.ts`, in a process of its own, as loops in one process
 * would change each other's compiled code: reads an embedded topic whole, then works through it once, cold, as a run
 * of `process` does. Prints `{"ratings":…,"seconds":…}`, reading left out. `bun bench/memory-loop.ts LOOP HOME TITLES`;
 * the loops: `bare`, `crc`, `A` and `C` (the shard in this mode, outputs taken and dropped).
 */
import { EPOCH_INTERVAL_MS, EPOCH_ROWS_MAX, READ_BYTES } from "../src/process/engine.ts";
import { release } from "../src/released.ts";
import { LaneMemory } from "../src/shard/lane-memory.ts";
import { Shard } from "../src/shard/shard.ts";
import { readTitles } from "../src/titles/titles-file.ts";
import { BATCH_CRC_FROM } from "../src/topic/batch-layout.ts";
import { LocalTopicReader } from "../src/topic/local/reader.ts";
import { readBatchHeader } from "../src/topic/record-batch.ts";
import { piecesOf } from "../src/topic/slice-pieces.ts";
import { BareWalk } from "./bare-walk.ts";

/** The defaults of `process`. */
const RULES = {
  anomalyDays: 30,
  anomalyMinCount: 70,
  anomalyMinMean: 4,
  maxFutureMs: 86_400_000,
  retainDays: Number.POSITIVE_INFINITY,
  maxMovies: 1_000_000,
  maxWindows: 1_000,
} as const;

const [loop, home, titlesFile] = process.argv.slice(2);

/** The topic's slices, in the sizes that `process` reads. */
async function slicesOf(folder: string): Promise<Uint8Array[]> {
  const reader = await LocalTopicReader.open(folder, "netflix-ratings");
  const slices: Uint8Array[] = [];
  const { start, end } = await reader.bounds(0);
  for (let offset = start; offset < end; ) {
    const { bytes, nextOffset } = await reader.read(0, offset, READ_BYTES);
    // The reader uses its buffers again. Not `slice`: of a Node Buffer that is a view.
    slices.push(new Uint8Array(bytes));
    offset = nextOffset;
  }
  await reader.close();
  return slices;
}

/** Ratings in the slices. */
function bare(slices: readonly Uint8Array[]): number {
  const walk = new BareWalk();
  for (const slice of slices) walk.walk(slice);
  return walk.ratings;
}

/** As the shard's walk does it: each batch is brought into the lane's memory and summed there. */
function crc(slices: readonly Uint8Array[]): number {
  const memory = new LaneMemory();
  let ratings = 0;
  for (const slice of slices) {
    for (let at = 0; at < slice.length; ) {
      const header = readBatchHeader(slice, at);
      memory.bringIn(slice, at, header.bytes);
      if (memory.crc32c(BATCH_CRC_FROM, header.bytes) !== header.crc) throw new Error(`a wrong CRC at ${at}`);
      ratings += header.recordCount;
      at += header.bytes;
    }
  }
  return ratings;
}

/** As the engine does it far behind, sides left out; every window is closed in the end. */
function shard(slices: readonly Uint8Array[], mode: "A" | "C"): number {
  const { titles } = readTitles(titlesFile, "auto");
  const worker = new Shard(0, { ...RULES, mode }, { titleOf: (id) => titles.get(id), claimMovie: () => {} });
  // Its memory is given back at once, as the pipeline does.
  const drop = () => {
    const { state, rows } = worker.takeEpoch(false);
    release(...state);
    rows.release();
  };
  const finish = (work: () => boolean) => {
    while (!work()) drop();
  };
  let epochAtMs = performance.now();
  for (const slice of slices) {
    for (const piece of piecesOf(slice)) {
      worker.load(piece);
      finish(() => worker.work());
    }
    if (performance.now() - epochAtMs < EPOCH_INTERVAL_MS && worker.pendingRows < EPOCH_ROWS_MAX) continue;
    drop();
    epochAtMs = performance.now();
  }
  finish(() => worker.drain());
  drop();
  return worker.totals.counted;
}

const LOOPS: Readonly<Record<string, (slices: readonly Uint8Array[]) => number>> = {
  bare,
  crc,
  A: (slices) => shard(slices, "A"),
  C: (slices) => shard(slices, "C"),
};

const slices = await slicesOf(home);
const startMs = performance.now();
const ratings = LOOPS[loop](slices);
const seconds = (performance.now() - startMs) / 1000;
console.log(JSON.stringify({ ratings, seconds }));
