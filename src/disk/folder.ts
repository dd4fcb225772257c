/**
 * Looking into folders and removing them with care: what is not there is empty, and what is not empty stays. Nothing
 * here removes a file.
 */
import { readdir, rmdir } from "node:fs/promises";
import { systemErrorCode } from "../errors.ts";
import { diskError } from "./durable-file.ts";

/** In use (a mount point, `.`), not empty, no folder, or not ours to remove. */
const STAYS = new Set(["ENOTEMPTY", "EEXIST", "ENOTDIR", "EBUSY", "EINVAL", "EACCES", "EPERM", "EROFS"]);

/** The names in a folder; none where there is no folder. */
export async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw diskError("read", path, error);
  }
}

/** Removes an empty folder. Returns whether it is gone now; false where it stays, for whatever reason. */
export async function removeIfEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    const code = systemErrorCode(error) ?? "";
    if (code === "ENOENT") return true;
    if (STAYS.has(code)) return false;
    throw diskError("remove", path, error);
  }
}
