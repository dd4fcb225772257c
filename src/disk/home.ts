/**
 * The home folder and its manifest, `tidemark.json`: the format version, and which topics `setup` made here, so that
 * `cleanup` leaves alone what was there before. (What setup made in the database, the database notes itself.) A topic
 * is noted before it is made and forgotten after it is removed: a crash in between leaves nothing that is nobody's.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { stateError } from "../errors.ts";
import { diskError, readTextIfThere, replaceFile } from "./durable-file.ts";

/** The newest layout of a home that is known here. */
const HOME_FORMAT = 1;
export const MANIFEST_NAME = "tidemark.json";

export class Home {
  readonly path: string;
  #topics: readonly string[];

  private constructor(path: string, topics: readonly string[]) {
    this.path = path;
    this.#topics = topics;
  }

  /** Reads the manifest, if there is one; the folder need not be there. Exit 4 for one of a newer Tidemark. */
  static async read(path: string): Promise<Home> {
    const text = await readTextIfThere(manifestPath(path));
    return new Home(path, text === undefined ? [] : parseManifest(manifestPath(path), text));
  }

  /** Whether `setup` made the topic. */
  made(topic: string): boolean {
    return this.#topics.includes(topic);
  }

  /** To be called before the topic is made. */
  async noteTopic(topic: string): Promise<void> {
    if (this.made(topic)) return;
    this.#topics = [...this.#topics, topic];
    await replaceFile(manifestPath(this.path), formatManifest(this.#topics));
  }

  /** To be called after the topic is removed. The last one takes the manifest with it. */
  async forgetTopic(topic: string): Promise<void> {
    if (!this.made(topic)) return;
    this.#topics = this.#topics.filter((made) => made !== topic);
    if (this.#topics.length > 0) return replaceFile(manifestPath(this.path), formatManifest(this.#topics));
    const path = manifestPath(this.path);
    await rm(path, { force: true }).catch((error) => {
      throw diskError("remove", path, error);
    });
  }
}

/** Makes the folder when it is missing. Exit 2 where it cannot be made, exit 4 for a home of a newer Tidemark. */
export async function openHome(path: string): Promise<Home> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw diskError("make", path, error);
  }
  return Home.read(path);
}

/** `process` and `cleanup` hold it: see `FileLock`. */
export function homeLockPath(path: string): string {
  return join(path, "process.lock");
}

/** One `setup` at a time holds it. */
export function setupLockPath(path: string): string {
  return join(path, "setup.lock");
}

/** One `produce --resume` to brokers at a time holds it; topics in the home have their writers' locks. */
export function resumeLockPath(path: string): string {
  return join(path, "resume.lock");
}

function manifestPath(path: string): string {
  return join(path, MANIFEST_NAME);
}

function formatManifest(topics: readonly string[]): string {
  return `${JSON.stringify({ format: HOME_FORMAT, topics }, undefined, 2)}\n`;
}

function parseManifest(path: string, text: string): string[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    content = undefined;
  }
  const { format, topics } = (content ?? {}) as { format?: unknown; topics?: unknown };
  if (typeof format === "number" && format > HOME_FORMAT) {
    throw stateError(
      `${path} has format ${format}: the home was made by a newer Tidemark`,
      `use that one, or another --home; this one knows formats up to ${HOME_FORMAT}`,
    );
  }
  if (format === HOME_FORMAT && Array.isArray(topics) && topics.every((topic) => typeof topic === "string"))
    return topics;
  throw stateError(
    `${path} is damaged: it does not name a format and the topics that setup made`,
    "restore it from a copy, or remove it: `tidemark cleanup` then keeps the topics",
  );
}
