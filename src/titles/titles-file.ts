/**
 * Reading the titles file from disk. Promises titles, or an error that says what is wrong with the file: a run
 * without any title would hand nothing out. What the lines mean is `parseTitles`'s business.
 */
import { readFileSync, statSync } from "node:fs";
import { systemErrorCode, usageError } from "../errors.ts";
import { parseTitles, type Titles, type TitlesEncoding } from "./titles.ts";

/** Far above a million movies; it all becomes one string. */
const TITLES_FILE_BYTES_MAX = 256 * 1024 * 1024;

const HINT = "give the titles file with --titles or INPUT_FILE_PATH";

/**
 * The titles in the file at `path`. Exit 2 where it is missing, a folder, unreadable, too large, or holds no title;
 * else as `parseTitles`.
 */
export function readTitles(path: string, encoding: TitlesEncoding): Titles {
  const source = `the titles file ${path}`;
  const bytes = readBytes(path, source);
  if (bytes.length === 0) throw usageError(`${source} is empty`, HINT);
  const titles = parseTitles(bytes, encoding, source);
  if (titles.titles.size === 0) {
    throw usageError(`${source} has no line of id,year,title`, `${HINT}: its lines look like 1,2003,Dinosaur Planet`);
  }
  return titles;
}

function readBytes(path: string, source: string): Uint8Array {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) throw usageError(`${source} is a folder`, HINT);
    if (stats.size > TITLES_FILE_BYTES_MAX) {
      throw usageError(`${source} has ${stats.size} bytes, more than ${TITLES_FILE_BYTES_MAX}`, HINT);
    }
    return readFileSync(path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    if (code === "ENOENT" || code === "ENOTDIR") throw usageError(`${source} does not exist`, HINT, error);
    throw usageError(`${source} cannot be read: ${code}`, "allow this user to read it, or give another", error);
  }
}
