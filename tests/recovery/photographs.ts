/**
 * Photographs of a folder while this process works in it: a copy before every write, cut and fsync of any file, and
 * where the test says so. A copy is what kill -9 would leave there and then. A write is done in two parts, with a
 * photograph between, so that torn writes are among them. Does the work as it is; only watches.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { Random } from "../generate/random.ts";

export interface Photograph {
  readonly path: string;
  /** What was about to happen. */
  readonly before: string;
}

type Write = (bytes: Uint8Array, offset: number, length: number, position: number) => Promise<{ bytesWritten: number }>;

export class Photographs {
  readonly taken: Photograph[] = [];
  readonly #folder: string;
  readonly #album: string;
  readonly #random: Random;

  /** Copies of `folder` go into `album`, which is made. */
  constructor(folder: string, album: string, random: Random) {
    this.#folder = folder;
    this.#album = album;
    this.#random = random;
    mkdirSync(album);
  }

  /** Does the work with every step of it photographed. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const handle = await open(this.#album, "r");
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
    const random = this.#random;
    for (const name of ["datasync", "sync", "truncate", "writeFile"] as const) {
      const original = prototype[name] as (...args: unknown[]) => Promise<void>;
      Object.defineProperty(prototype, name, {
        configurable: true,
        writable: true,
        value(this: FileHandle, ...args: unknown[]) {
          take(name);
          return original.apply(this, args);
        },
      });
    }
    const original = prototype.write as unknown as Write;
    const begun = new WeakSet<FileHandle>();
    Object.defineProperty(prototype, "write", {
      configurable: true,
      writable: true,
      value(this: FileHandle, bytes: Uint8Array, offset: number, length: number, position: number) {
        take(begun.has(this) ? "the rest of a write" : "write");
        // A part of it: whoever writes has to go on with the rest.
        const part = begun.has(this) || length < 2 ? length : random.whole(1, length - 1);
        if (part < length) begun.add(this);
        else begun.delete(this);
        return original.call(this, bytes, offset, part, position);
      },
    });
  }

  #take(before: string): void {
    const path = join(this.#album, String(this.taken.length));
    // By another process: were a copied file closed in this one, the kernel would drop our locks on it.
    const { status, stderr } = spawnSync("cp", ["-r", this.#folder, path], { encoding: "utf8" });
    if (status !== 0) throw new Error(`cp failed: ${stderr}`);
    this.taken.push({ path, before });
  }
}
