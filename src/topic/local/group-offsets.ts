/**
 * Where consumer groups stand in embedded topics: `<home>/groups/<group>/<topic>.json`, replaced whole at each commit.
 * A group's name may hold any characters. Says nothing about whether the offset is in the topic.
 */
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { diskError, readTextIfThere, replaceFile, syncFolder } from "../../disk/durable-file.ts";
import { namesIn, removeIfEmpty } from "../../disk/folder.ts";
import { stateError } from "../../errors.ts";
import type { GroupOffsets } from "../contract.ts";
import { topicPath } from "./topic-folder.ts";

/** Longer names are hashed: file systems take 255 bytes. */
const FOLDER_NAME_LENGTH_MAX = 200;

export class LocalGroupOffsets implements GroupOffsets {
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  async read(group: string, topic: string): Promise<number | undefined> {
    const path = this.#path(group, topic);
    const text = await readTextIfThere(path);
    if (text === undefined) return undefined;
    const offset = /^\{"offset":(\d+)\}\n$/.exec(text)?.[1];
    if (offset !== undefined) return Number(offset);
    throw stateError(
      `${path} is damaged: it does not name an offset`,
      "remove it; the group then starts at the topic's beginning",
    );
  }

  /** Durable when this resolves. */
  async commit(group: string, topic: string, offset: number): Promise<void> {
    const path = this.#path(group, topic);
    const folder = dirname(path);
    try {
      // Folders that were made just now must be durable, too.
      const made = await mkdir(folder, { recursive: true });
      if (made !== undefined) for (const above of [this.#groups, this.#home]) await syncFolder(above);
    } catch (error) {
      throw diskError("make", folder, error);
    }
    await replaceFile(path, `${JSON.stringify({ offset })}\n`);
  }

  async has(topic: string, group: string): Promise<boolean> {
    return (await readTextIfThere(this.#path(group, topic))) !== undefined;
  }

  async remove(topic: string, group: string): Promise<boolean> {
    const stood = await this.has(topic, group);
    await this.#removeFrom(folderName(group), topic);
    await removeIfEmpty(this.#groups);
    return stood;
  }

  /** Forgets where every group stands in the topic: for a topic that goes. */
  async removeAll(topic: string): Promise<void> {
    for (const folder of await namesIn(this.#groups)) await this.#removeFrom(folder, topic);
    await removeIfEmpty(this.#groups);
  }

  async close(): Promise<void> {}

  async #removeFrom(folder: string, topic: string): Promise<void> {
    const path = join(this.#groups, folder);
    const name = `${topic}.json`;
    for (const file of await namesIn(path)) {
      const isTemporary = file.startsWith(name) && /^\.\d+\.new$/.test(file.slice(name.length));
      if (file !== name && !isTemporary) continue;
      await rm(join(path, file), { force: true }).catch((error) => {
        throw diskError("remove", join(path, file), error);
      });
    }
    await removeIfEmpty(path);
  }

  get #groups(): string {
    return join(this.#home, "groups");
  }

  #path(group: string, topic: string): string {
    topicPath(this.#home, topic); // Refuses a name that would lead elsewhere.
    return join(this.#groups, folderName(group), `${topic}.json`);
  }
}

function folderName(group: string): string {
  // Dots are encoded as well: a group may be called "..".
  const name = encodeURIComponent(group.toWellFormed()).replaceAll(".", "%2E");
  return name.length <= FOLDER_NAME_LENGTH_MAX ? name : `~${createHash("sha256").update(group).digest("hex")}`;
}
