/**
 * Small files that are replaced whole: a reader, and a start after a crash, finds the old content or the new, never a
 * part of either. Also the messages for a disk that refuses. What the files mean is their owners' business.
 */
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { serviceError, systemErrorCode, usageError } from "../errors.ts";

/** Durable when this resolves: temporary file, fsync, rename, fsync of the folder. The folder must be there. */
export function replaceFile(path: string, content: string): Promise<void> {
  return replace(path, content, true);
}

/** The same without the fsyncs: a loss of power may leave an empty file. */
export function replaceFileSoon(path: string, content: string): Promise<void> {
  return replace(path, content, false);
}

async function replace(path: string, content: string, durably: boolean): Promise<void> {
  // The process id keeps two processes from writing into one temporary file.
  const temporary = `${path}.${process.pid}.new`;
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(content);
      if (durably) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    if (durably) await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw diskError("write", path, error);
  }
}

/** Names made, renamed or removed in the folder are durable when this resolves. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The whole text of a file, or undefined where there is none. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw diskError("read", path, error);
  }
}

/**
 * What to throw for an error of the file system: exit 3 for a full or failing disk, exit 2 for a path that we may not
 * use, anything else as it came. `action` is a verb: "write", "make", "remove".
 */
export function diskError(action: string, path: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  const what = `cannot ${action} ${path} (${code})`;
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return serviceError(
        `${what}: the disk is full`,
        "free disk space, then start again: nothing that was confirmed is lost",
        error,
      );
    case "EFBIG":
      return serviceError(
        `${what}: the file may not grow`,
        "raise the limit on file sizes (ulimit -f), then start again",
        error,
      );
    case "EIO":
      return serviceError(
        `${what}: the disk fails`,
        "look at the system's log; repair or replace the disk, then start again",
        error,
      );
    case "ESTALE":
    case "ETIMEDOUT":
    case "EHOSTDOWN":
    case "ENOTCONN":
      return serviceError(
        `${what}: what the folder is mounted from is gone`,
        "mount it again, then start again",
        error,
      );
    case "EMFILE":
    case "ENFILE":
      return serviceError(`${what}: too many files are open`, "raise the limit on open files (ulimit -n)", error);
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return usageError(what, "make it readable and writable for this user, or name another path", error);
    case "ENOENT":
    case "ENAMETOOLONG":
    case "ELOOP":
      return usageError(`${what}: the path leads nowhere`, "check it: is it there, or did something remove it?", error);
    case "ENOTDIR":
    case "EEXIST":
      return usageError(`${what}: something else is in the way there`, "move it away, or name another path", error);
    default:
      return error;
  }
}
