/**
 * A disk that is full, or as good as full: a small tmpfs where one may be mounted, and a limit on the size of files.
 * Says whether a command met it as it should.
 */
import { expect } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Outcome, saidBesideLog } from "./workplace.ts";

const shell = (line: string): boolean => spawnSync("sh", ["-c", line]).status === 0;
const mount = (folder: string, options: string): boolean => shell(`mount -t tmpfs -o ${options} tmpfs ${folder}`);
const umount = (folder: string): boolean => shell(`umount ${folder}`);

/** A folder of this many KiB, until it is removed. */
export class SmallDisk {
  readonly #folder: string;

  constructor(folder: string, sizeKib: number) {
    mkdirSync(folder, { recursive: true });
    expect(mount(folder, `size=${sizeKib}k`)).toBe(true);
    this.#folder = folder;
  }

  /** Only root may mount, and not everywhere. */
  static isPossible(): boolean {
    const folder = mkdtempSync(join(tmpdir(), "tidemark-mount-"));
    try {
      return mount(folder, "size=100k") && umount(folder);
    } finally {
      rmdirSync(folder);
    }
  }

  resize(sizeKib: number): void {
    expect(mount(this.#folder, `remount,size=${sizeKib}k`)).toBe(true);
  }

  remove(): void {
    expect(umount(this.#folder)).toBe(true);
  }
}

/** The program, while no file may grow beyond this many blocks of 512 bytes. */
export function withFileLimit(blocks: number, program: readonly string[]): readonly string[] {
  return ["sh", "-c", `ulimit -f ${blocks}; exec "$@"`, "sh", ...program];
}

/** Exit 3, with what is wrong and what to do, nothing on stdout. */
export function expectFull(outcome: Outcome): void {
  const { code, stdout, stderr } = outcome;
  expect({ code, stdout, stderr }).toMatchObject({ code: 3, stdout: "" });
  const [said, hint, ...more] = saidBesideLog(outcome);
  expect(said).toMatch(/^tidemark: cannot write .*(full|EFBIG|disk I\/O error)/);
  expect(hint).toMatch(/^hint: .*(space|room|limit)/);
  expect(more).toEqual([""]);
}
