/** The titles file on disk: what is read, and what the user is told when it cannot be. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTitles } from "../../src/titles/titles-file.ts";
import { failure } from "../failure.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "titles-file-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const failureOf = (path: string) => failure(() => readTitles(path, "auto"));

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test("titles and warnings come with the file's name", () => {
  const path = write("movie_titles.csv", "ID,Year,Title\r\n1,2003,Dinosaur Planet\r\n1,2003,Again\r\n");
  expect(readTitles(path, "auto")).toEqual({
    titles: new Map([[1, "Dinosaur Planet"]]),
    warnings: [`the titles file ${path}, line 3: skipped, movie 1 has its title on line 2`],
    encoding: "utf-8",
  });
});

describe("exit 2, naming the file", () => {
  test("where there is none", () => {
    const path = join(folder, "missing.csv");
    const { exitCode, message, hint } = failureOf(path);
    expect([exitCode, message]).toEqual([2, `the titles file ${path} does not exist`]);
    expect(hint).toContain("--titles");
    expect(failureOf(join(write("a-file", "x"), "below.csv")).message).toContain("does not exist");
  });

  test("where it is a folder", () => {
    const path = join(folder, "folder.csv");
    mkdirSync(path);
    expect(failureOf(path)).toMatchObject({ exitCode: 2, message: `the titles file ${path} is a folder` });
  });

  test("where it is empty", () => {
    const path = write("empty.csv", "");
    expect(failureOf(path)).toMatchObject({ exitCode: 2, message: `the titles file ${path} is empty` });
  });

  test("where it holds something else: a header alone, ratings", () => {
    for (const content of ["ID,Year,Title\n", "date,film_id,user_id,rate\n2002-09-20,12725,1488844,3\n", "\n\n"]) {
      const { exitCode, message } = failureOf(write("other.csv", content));
      expect([content, exitCode, message.includes("no line of id,year,title")]).toEqual([content, 2, true]);
    }
  });

  test("where the system refuses to read it, with the system's word for why", () => {
    const path = join(folder, "loop.csv");
    symlinkSync(path, path);
    expect(failureOf(path)).toMatchObject({ exitCode: 2, message: `the titles file ${path} cannot be read: ELOOP` });
  });

  test("where it is too large to be one", () => {
    const path = write("huge.csv", "1,2003,A\n");
    truncateSync(path, 256 * 1024 * 1024 + 1);
    expect(failureOf(path)).toMatchObject({ exitCode: 2 });
    expect(failureOf(path).message).toContain("more than 268435456");
  });
});

test("exit 4 where it is binary", () => {
  expect(failureOf(write("binary.csv", "\x7fELF\0\0,\n,\0,\n"))).toMatchObject({ exitCode: 4 });
});
