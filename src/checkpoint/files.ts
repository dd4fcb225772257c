/**
 * Checkpoints as files: `current` names a run's folder, which holds one log a shard. A new run is made whole beside the
 * old one and becomes current in one rename, so that a crash leaves the old run or the new, never a mixture. Leaves
 * alone whatever it did not make.
 */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { diskError, readTextIfThere, replaceFile, syncFolder } from "../disk/durable-file.ts";
import { FileLock } from "../disk/file-lock.ts";
import { namesIn, removeIfEmpty } from "../disk/folder.ts";
import { stateError } from "../errors.ts";
import type { OutputEnds } from "../topic/contract.ts";
import type { CheckpointSettings, CheckpointStore, Replaced, ShardLog } from "./contract.ts";
import { CHECKPOINT_FORMAT, type HeaderRecord } from "./log-records.ts";
import { ShardLogFile } from "./shard-log-file.ts";

const CURRENT = "current";
const RUN_PREFIX = "run-";
/** A run's folder is named by its UUID: what else begins so is somebody else's. */
const RUN_NAME = /^run-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** With their temporary copies. */
const CURRENT_NAMES = /^current(\.\d+\.new)?$/;
const LOG_NAMES = /^shard-\d+\.log(\.new)?$/;

/** Not the home's lock, since the folder may be the home. */
export function checkpointLockPath(folder: string): string {
  return join(folder, "checkpoint.lock");
}

/** `holder` says who we are, for the message that another process gets. */
export function openCheckpointFiles(folder: string, holder: string, warn: (text: string) => void): CheckpointStore {
  return new CheckpointFiles(folder, holder, warn);
}

/** Whether there is a checkpoint in the folder, or what a removal that was cut off has left of one. */
export async function holdsCheckpoint(folder: string): Promise<boolean> {
  for (const name of await namesIn(folder)) {
    if (RUN_NAME.test(name) || (await isCurrent(folder, name))) return true;
  }
  return false;
}

/** Removes what checkpoints are made of, and nothing else: what somebody else put into the folders stays. */
export async function removeCheckpoint(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    if (await isCurrent(folder, name)) await rm(path, { force: true });
    if (!RUN_NAME.test(name)) continue;
    for (const log of await namesIn(path)) if (LOG_NAMES.test(log)) await rm(join(path, log), { force: true });
    await removeIfEmpty(path);
  }
}

class CheckpointFiles implements CheckpointStore {
  readonly #folder: string;
  readonly #holder: string;
  readonly #warn: (text: string) => void;
  #lock: FileLock | undefined;
  #logs: ShardLogFile[] = [];

  constructor(folder: string, holder: string, warn: (text: string) => void) {
    this.#folder = folder;
    this.#holder = holder;
    this.#warn = warn;
  }

  async lock(): Promise<void> {
    await mkdir(this.#folder, { recursive: true }).catch((error) => {
      throw diskError("make", this.#folder, error);
    });
    const what = `the checkpoint folder ${this.#folder}`;
    this.#lock = FileLock.acquire(checkpointLockPath(this.#folder), what, this.#holder);
  }

  async load(settings: CheckpointSettings): Promise<ShardLog[] | undefined> {
    const current = await readTextIfThere(join(this.#folder, CURRENT));
    if (current === undefined) return undefined;
    const name = current.trim();
    if (!RUN_NAME.test(name)) throw this.#damaged(`${CURRENT} names no run`);
    const folder = join(this.#folder, name);
    const files = await namesIn(folder);
    if (files.length === 0) throw this.#damaged(`${CURRENT} names ${name}, which is not there`);
    this.#logs = [];
    for (let partition = 0; files.includes(logName(partition)); partition++) {
      const check = (header: HeaderRecord) =>
        this.#check(header, settings, partition, `${RUN_PREFIX}${header.run}` === name);
      const { log, cutBytes } = await ShardLogFile.open(join(folder, logName(partition)), check);
      this.#logs.push(log);
      if (cutBytes > 0) this.#warn(`cut ${cutBytes} bytes that a crash left at the end of ${logName(partition)}`);
    }
    if (this.#logs.length !== settings.partitions) throw this.#damaged(`${name} lacks logs of its partitions`);
    return this.#logs;
  }

  async begin(
    settings: CheckpointSettings,
    run: string,
    owner: string,
    state: readonly Uint8Array[],
    ends: OutputEnds,
    replaced: readonly (Replaced | undefined)[],
  ): Promise<ShardLog[]> {
    const name = `${RUN_PREFIX}${run}`;
    const folder = join(this.#folder, name);
    await mkdir(folder).catch((error) => {
      throw diskError("make", folder, error);
    });
    for (const log of this.#logs) await log.close();
    this.#logs = [];
    const epoch = { run, owner, number: 0 };
    for (let partition = 0; partition < settings.partitions; partition++) {
      const header = { format: CHECKPOINT_FORMAT, run, partition, settings };
      const base = { kind: "base", last: epoch, confirmed: epoch, ends, replaced: replaced[partition], state } as const;
      this.#logs.push(await ShardLogFile.create(join(folder, logName(partition)), header, base));
    }
    await syncFolder(folder);
    await syncFolder(this.#folder);
    await replaceFile(join(this.#folder, CURRENT), `${name}\n`);
    return this.#logs;
  }

  async removeOtherRuns(): Promise<void> {
    const current = (await readTextIfThere(join(this.#folder, CURRENT)))?.trim();
    for (const name of await readdir(this.#folder)) {
      if (RUN_NAME.test(name) && name !== current) await rm(join(this.#folder, name), { recursive: true });
    }
  }

  async close(): Promise<void> {
    for (const log of this.#logs) await log.close();
    this.#logs = [];
    this.#lock?.release();
  }

  #check(header: HeaderRecord, settings: CheckpointSettings, partition: number, named: boolean): void {
    if (header.format > CHECKPOINT_FORMAT) {
      throw stateError(
        `the checkpoint in ${this.#folder} was made by a newer Tidemark (format ${header.format})`,
        "use that Tidemark, or start `tidemark process --rebuild`",
      );
    }
    if (header.format < CHECKPOINT_FORMAT) {
      throw stateError(
        `the checkpoint in ${this.#folder} was made by an older Tidemark (format ${header.format})`,
        "start `tidemark process --rebuild`, which reads the topic again",
      );
    }
    if (!named || header.partition !== partition) throw this.#damaged("a log of another run or partition");
    const changed = (Object.keys(settings) as (keyof CheckpointSettings)[]).filter(
      (name) => header.settings[name] !== settings[name],
    );
    if (changed.length === 0) return;
    // `anomalyDays` as users know it: anomaly-days.
    const flag = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const changes = changed.map((name) => `${flag(name)} ${header.settings[name]}, now ${settings[name]}`).join("; ");
    throw stateError(
      `the checkpoint in ${this.#folder} was made with other settings: ${changes}`,
      "use the settings that it was made with, or start `tidemark process --rebuild`, which reads the topic again",
    );
  }

  #damaged(fault: string): Error {
    return stateError(
      `the checkpoint in ${this.#folder} is damaged: ${fault}`,
      "put the folder back from a copy, or start `tidemark process --rebuild`, which reads the topic again",
    );
  }
}

/** By its name and by what it says: others, too, call something "current". */
async function isCurrent(folder: string, name: string): Promise<boolean> {
  return CURRENT_NAMES.test(name) && RUN_NAME.test((await readTextIfThere(join(folder, name)))?.trim() ?? "");
}

function logName(partition: number): string {
  return `shard-${partition}.log`;
}
