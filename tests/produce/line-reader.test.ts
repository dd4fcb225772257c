/** Lines of a file: a disk that fails while they are read is the user's error, never a bug. */
import { afterEach, beforeEach, expect, spyOn, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readLines } from "../../src/produce/line-reader.ts";
import { failureOf } from "../failure.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-lines-"));
  path = join(folder, "1.csv");
  writeFileSync(path, "one\ntwo\r\nthree");
});
afterEach(() => rmSync(folder, { recursive: true }));

async function linesOf(file: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const chunk of readLines(file)) {
    // Long enough for the read ahead to fail meanwhile.
    await sleep(5);
    while (chunk.nextLine()) lines.push(Buffer.from(chunk.bytes.subarray(chunk.start, chunk.end)).toString());
  }
  return lines;
}

test("lines end with LF or CRLF, the last one also without", async () => {
  expect(await linesOf(path)).toEqual(["one", "two", "three"]);
});

// A disk, and shares on a network.
test.each(["EIO", "ESTALE", "ETIMEDOUT"])(
  "a read that fails by %s, be it a later one, is exit 3 and says where",
  async (code) => {
    const probe = await open(path);
    const files = Object.getPrototypeOf(probe) as FileHandle;
    await probe.close();
    const { read } = files;
    for (const failing of [1, 2]) {
      const reads = spyOn(files, "read").mockImplementation(function (this: FileHandle, ...args: unknown[]) {
        const fails = reads.mock.calls.length === failing;
        return fails ? Promise.reject(Object.assign(new Error(code), { code })) : read.apply(this, args as never);
      } as typeof read);
      try {
        const error = await failureOf(() => linesOf(path));
        expect([error.exitCode, error.message]).toEqual([3, expect.stringContaining(`cannot read ${path} (${code})`)]);
      } finally {
        reads.mockRestore();
      }
    }
  },
);

test("a file that may not be opened, or that is gone, is exit 2", async () => {
  const error = await failureOf(() => linesOf(join(folder, "gone.csv")));
  expect([error.exitCode, error.message]).toEqual([2, expect.stringContaining("gone.csv")]);
});
