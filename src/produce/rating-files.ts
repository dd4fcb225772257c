/**
 * The folder of rating files: which files are sent, in which order, and that each of them can be read and is text.
 * All are looked at before the first line is sent, so that a wrong folder sends nothing. Does not read their lines.
 */
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { stateError, systemErrorCode, usageError } from "../errors.ts";

/** Bytes of each file that are looked at beforehand. */
const GLANCE_BYTES = 64 * 1024;

/** Stands in a name for bytes that are not UTF-8, so that nothing is found by it. */
const REPLACEMENT = "\uFFFD";

export interface RatingFile {
  readonly name: string;
  readonly path: string;
}

/**
 * The files of `folder` in the order of their names (bytes, as `LC_ALL=C ls`); hidden ones and folders are left out.
 * Exit 2 where the folder or a file cannot be read or nothing is there, exit 4 for a file that is no text.
 */
export async function listRatingFiles(folder: string): Promise<RatingFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
    throw unreadable(`the ratings folder ${folder}`, error);
  });
  const names = entries
    .filter((entry) => !entry.name.startsWith(".") && !entry.isDirectory())
    .map(({ name }) => name)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const files: RatingFile[] = [];
  for (const name of names) {
    const path = join(folder, name);
    if (await glance(path)) files.push({ name, path });
  }
  if (files.length > 0) return files;
  throw usageError(
    `the ratings folder ${folder} holds no files`,
    "put rating files there, or name another with --ratings",
  );
}

/** Whether the path is a file, which then is readable text. */
async function glance(path: string): Promise<boolean> {
  let file: FileHandle | undefined;
  try {
    // Looked at before it is opened: opening a named pipe would wait for its writer.
    const stats = await stat(path);
    if (!stats.isFile()) return false;
    file = await open(path, "r");
    const { buffer, bytesRead } = await file.read(new Uint8Array(GLANCE_BYTES), 0, GLANCE_BYTES, 0);
    const nul = buffer.subarray(0, bytesRead).indexOf(0);
    if (nul < 0) return true;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT" && path.includes(REPLACEMENT)) throw notUtf8(path, error);
    throw unreadable(`the rating file ${path}`, error);
  } finally {
    await file?.close();
  }
  throw stateError(
    `${path} is no text: it holds a zero byte near its start`,
    "take it out of the folder, or unpack it; nothing was sent",
  );
}

function notUtf8(path: string, cause: unknown): Error {
  const hint = "rename it: the topic keeps names of files as UTF-8, and --resume goes by them";
  return usageError(`the name of the rating file ${path} is not UTF-8`, hint, cause);
}

function unreadable(what: string, error: unknown): Error {
  const code = systemErrorCode(error);
  if (code === "ENOENT") return usageError(`${what} is not there`, "check --ratings or INPUT_DIRECTORY_PATH", error);
  if (code === "ENOTDIR")
    return usageError(`${what} is no folder`, "name the folder that holds the rating files", error);
  return usageError(`${what} cannot be read (${code ?? String(error)})`, "check who may read it", error);
}
