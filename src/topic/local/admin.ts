/**
 * Makes and removes embedded topics. Either is seen whole or not at all: a topic is there once its `topic.json` is, the
 * last file to be made; and it is renamed away before its files go. Removes the files that a topic is made of and
 * nothing else: what somebody put beside them stays where it was.
 */
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { diskError, replaceFile, syncFolder } from "../../disk/durable-file.ts";
import { FileLock } from "../../disk/file-lock.ts";
import { namesIn, removeIfEmpty } from "../../disk/folder.ts";
import { assert, stateError } from "../../errors.ts";
import { type TopicAdmin, wrongPartitions } from "../contract.ts";
import { CONFIRMED_NAME } from "./confirmed-end.ts";
import { LocalGroupOffsets } from "./group-offsets.ts";
import { isSegmentName, Segment } from "./segment.ts";
import {
  findTopicFolder,
  formatTopicFile,
  partitionPath,
  type TopicFolder,
  topicFilePath,
  topicPath,
  topicsPath,
  writeLockPath,
} from "./topic-folder.ts";

export class LocalTopicAdmin implements TopicAdmin {
  readonly #home: string;
  readonly #holder: string;

  /** `holder` names this process for others while it removes a topic. */
  constructor(home: string, holder: string) {
    this.#home = home;
    this.#holder = holder;
  }

  async create(topic: string, partitions: number): Promise<boolean> {
    assert(Number.isSafeInteger(partitions) && partitions > 0, "a topic has a partition");
    const found = await findTopicFolder(this.#home, topic);
    if (found !== undefined) {
      if (found.partitions === partitions) return false;
      throw wrongPartitions(topic, `in ${this.#home}`, found.partitions, partitions);
    }
    await this.#finishRemoval(topic);
    const path = topicPath(this.#home, topic);
    try {
      for (let partition = 0; partition < partitions; partition++) await makePartition(partitionPath(path, partition));
      await syncFolder(path);
      await replaceFile(topicFilePath(path), formatTopicFile(partitions));
      await syncFolder(topicsPath(this.#home));
      await syncFolder(this.#home);
    } catch (error) {
      throw diskError("make", path, error);
    }
    return true;
  }

  async exists(topic: string): Promise<boolean> {
    return (await findTopicFolder(this.#home, topic)) !== undefined;
  }

  async remove(topic: string): Promise<boolean> {
    await this.#finishRemoval(topic);
    const folder = await findTopicFolder(this.#home, topic);
    if (folder === undefined) return false;
    const lock = this.#lock(folder);
    try {
      await new LocalGroupOffsets(this.#home).removeAll(topic);
      await rename(folder.path, removedPath(this.#home, topic));
      await syncFolder(topicsPath(this.#home));
      await this.#finishRemoval(topic);
    } catch (error) {
      throw diskError("remove", folder.path, error);
    } finally {
      lock.release();
    }
    return true;
  }

  async checkIdle(topic: string): Promise<void> {
    const folder = await findTopicFolder(this.#home, topic);
    if (folder !== undefined) this.#lock(folder).release();
  }

  async close(): Promise<void> {}

  #lock({ path, topic }: TopicFolder): FileLock {
    return FileLock.acquire(writeLockPath(path), `the topic ${topic} in ${this.#home}`, this.#holder);
  }

  /** Removes the files of a topic that was renamed away, now or by a removal that was killed. */
  async #finishRemoval(topic: string): Promise<void> {
    const removed = removedPath(this.#home, topic);
    for (const partition of await namesIn(removed)) {
      if (!/^\d+$/.test(partition)) continue;
      const path = join(removed, partition);
      for (const name of await namesIn(path)) {
        if (isOurs(name)) await rm(join(path, name), { force: true });
      }
      await removeIfEmpty(path);
    }
    for (const name of await namesIn(removed)) {
      if (/^(topic\.json(\.\d+\.new)?|write\.lock(\.owner|-journal)?)$/.test(name))
        await rm(join(removed, name), { force: true });
    }
    if (!(await removeIfEmpty(removed))) await rename(removed, topicPath(this.#home, topic));
  }
}

/** No topic's name has a tilde in it. */
function removedPath(home: string, topic: string): string {
  topicPath(home, topic); // Refuses a name that would lead elsewhere.
  return join(topicsPath(home), `~${topic}`);
}

/**
 * A partition without a record: one empty segment. What is there already is left from a making that was killed, or from
 * a topic that lost its `topic.json`: then its records are somebody's.
 */
async function makePartition(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  const names = (await namesIn(path)).filter(isOurs);
  for (const name of names) {
    if (!isSegmentName(name) || (await stat(join(path, name))).size === 0) continue;
    throw stateError(
      `${join(path, name)} holds records, but the topic's topic.json is missing`,
      "restore topic.json from a copy, or move the folder away",
    );
  }
  for (const name of names) await rm(join(path, name), { force: true });
  const first = await Segment.open(path, 0, "wx+");
  await first?.close();
  await syncFolder(path);
}

/** A file of a partition. */
function isOurs(name: string): boolean {
  return isSegmentName(name) || name === CONFIRMED_NAME;
}
