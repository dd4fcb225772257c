/**
 * `totals.json` in the checkpoint folder: what became of every line, and how far each shard has come, for monitoring.
 * Replaced whole: at most every `INTERVAL_MS`, and at the end. Nothing reads it back, so it need not outlast a loss of
 * power: the checkpoint keeps the totals.
 */
import { join } from "node:path";
import { replaceFileSoon } from "../disk/durable-file.ts";
import type { Shard } from "../shard/shard.ts";
import type { Totals } from "../shard/totals.ts";

const INTERVAL_MS = 5_000;

/** Names of the file and its temporary copies. */
export const TOTALS_FILE_NAMES = /^totals\.json(\.\d+\.new)?$/;

export class TotalsFile {
  readonly #path: string;
  readonly #now: () => number;
  #writtenMs: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(checkpoints: string, now: () => number) {
    this.#path = join(checkpoints, "totals.json");
    this.#now = now;
    this.#writtenMs = now();
  }

  /** Writes when the interval is over; does not wait for it. Cheap to call often. */
  update(totals: Totals, shards: readonly Shard[]): void {
    if (this.#now() - this.#writtenMs < INTERVAL_MS) return;
    this.#writtenMs = this.#now();
    const content = describe(totals, shards);
    // A disk that refuses is met by the next checkpoint, which matters more.
    this.#writing = this.#writing.then(() => replaceFileSoon(this.#path, content)).catch(() => {});
  }

  /** Writes the last totals. */
  async end(totals: Totals, shards: readonly Shard[]): Promise<void> {
    await this.#writing;
    await replaceFileSoon(this.#path, describe(totals, shards));
  }
}

function describe(totals: Totals, shards: readonly Shard[]): string {
  const { read, counted, partlyLate, corruptBatches, rejected } = totals;
  const untitled = shards.reduce((sum, shard) => sum + shard.untitled, 0);
  const partitions = shards.map(({ partition, offset, watermarkMs }) => {
    const watermark = Number.isFinite(watermarkMs) ? new Date(watermarkMs).toISOString() : null;
    return { partition, offset, watermark };
  });
  const content = { read, counted, partlyLate, corruptBatches, rejected, untitled, partitions };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}
