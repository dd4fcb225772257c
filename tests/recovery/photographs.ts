/**
 * Photographs of a folder while this process works in it: its files before every write, cut and fsync of any file, and
 * where the test says so. A photograph is what kill -9 would leave there and then. A write may be done in two parts,
 * with a photograph between, so that torn writes are among them. Does the work as it is; only watches.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Random } from "../generate/random.ts";

/** A folder's files as they once were. */
export class Photograph {
  /** What was about to happen. */
  readonly before: string;
  readonly #files: ReadonlyMap<string, Uint8Array>;

  private constructor(before: string, files: ReadonlyMap<string, Uint8Array>) {
    this.before = before;
    this.#files = files;
  }

  /**
   * Without lock files: the kernel drops a killed process's locks, and ours on a file as soon as a reader closes it.
   */
  static take(folder: string, before: string, previous?: Photograph): Photograph {
    const files = new Map<string, Uint8Array>();
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name.includes(".lock")) continue;
      const file = join(entry.parentPath, entry.name);
      const path = file.slice(folder.length + 1);
      const known = previous === undefined ? undefined : previous.#files.get(path);
      // Logs only grow: of the same length, they are the same. That saves most of the memory.
      const isKnown = path.endsWith(".log") && known?.length === statSync(file).size;
      files.set(path, isKnown ? known : readFileSync(file));
    }
    return new Photograph(before, files);
  }

  /** Makes a folder with these files. */
  develop(folder: string): void {
    for (const [path, content] of this.#files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
  }
}

type Write = (bytes: Uint8Array, offset: number, length: number, position: number) => Promise<{ bytesWritten: number }>;

export class Photographer {
  readonly taken: Photograph[] = [];
  readonly #folder: string;
  readonly #random: Random;
  readonly #isWanted: () => boolean;

  /** `random` decides which writes are torn, and where; `isWanted` is asked at each step. */
  constructor(folder: string, random: Random, isWanted: () => boolean = () => true) {
    this.#folder = folder;
    this.#random = random;
    this.#isWanted = isWanted;
  }

  /** Does the work with every step of it photographed. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const handle = await open(this.#folder, "r");
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const original = Object.getOwnPropertyDescriptors(prototype);
    this.#watch(prototype);
    try {
      return await work();
    } finally {
      Object.defineProperties(prototype, original);
    }
  }

  /** The same object, photographed before each call of a method. */
  watched<T extends object>(side: T, name: string): T {
    return new Proxy(side, {
      get: (target, key) => {
        const value = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          this.#take(`${name}.${String(key)}`);
          return value.apply(target, args);
        };
      },
    });
  }

  #watch(prototype: FileHandle): void {
    const take = (before: string) => this.#take(before);
    for (const name of ["datasync", "sync", "truncate", "writeFile"] as const) {
      const original = prototype[name] as (...args: unknown[]) => Promise<void>;
      replace(prototype, name, function (this: FileHandle, ...args: unknown[]) {
        take(name);
        return original.apply(this, args);
      });
    }
    const original = prototype.write as unknown as Write;
    const random = this.#random;
    const torn = new WeakSet<FileHandle>();
    const write: Write = function (this: FileHandle, bytes, offset, length, position) {
      take(torn.has(this) ? "the rest of a write" : "write");
      // Only a part of it: whoever writes has to go on with the rest.
      const tear = !torn.delete(this) && length > 1 && random.chance(0.5);
      if (tear) torn.add(this);
      return original.call(this, bytes, offset, tear ? random.whole(1, length - 1) : length, position);
    };
    replace(prototype, "write", write);
  }

  #take(before: string): void {
    if (this.#isWanted()) this.taken.push(Photograph.take(this.#folder, before, this.taken.at(-1)));
  }
}

function replace(prototype: FileHandle, name: string, value: unknown): void {
  Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
}

/** Linux's file system in memory: kill -9 loses nothing that was written, so fsync may cost nothing here. */
const MEMORY = "/dev/shm";

export function makeFastFolder(prefix: string): string {
  return mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), prefix));
}
